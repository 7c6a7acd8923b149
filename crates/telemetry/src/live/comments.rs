//! Comments of the file: a setting that somebody took out by making it one may hold a secret.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use super::MASK;

/// A text with masks in comments in which a setting stands.
pub(super) fn masked(text: &str) -> String {
    replaced(text, mask)
}

/// A text with the comments of `own` where it has their masks.
pub(super) fn unmasked(text: &str, own: &str) -> String {
    let mut known = HashMap::<String, VecDeque<&str>>::new();
    for comment in comments(own) {
        let comment = &own[comment];
        if let Some(masked) = mask(comment) {
            known.entry(masked).or_default().push_back(comment);
        }
    }
    replaced(text, |comment| {
        let known = known.get_mut(comment).and_then(VecDeque::pop_front);
        known.map(str::to_owned)
    })
}

/// What may be shown of a comment; `None` for all of it.
fn mask(comment: &str) -> Option<String> {
    let (key, _) = comment.split_once('=')?;
    Some(format!("{key}= {MASK}"))
}

fn replaced(text: &str, mut other: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for comment in comments(text) {
        if let Some(other) = other(&text[comment.clone()]) {
            out.push_str(&text[end..comment.start]);
            out.push_str(&other);
            end = comment.end;
        }
    }
    out.push_str(&text[end..]);
    out
}

/// Where comments are, each from its `#` to the end of its line.
///
/// <https://toml.io/en/v1.0.0#comment>, <https://toml.io/en/v1.0.0#string>
fn comments(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find(['#', '"', '\'']) {
        let start = at + next;
        let rest = &text[start..];
        at = if rest.starts_with('#') {
            let length = rest.find('\n').unwrap_or(rest.len());
            let end = start + rest[..length].trim_end_matches('\r').len();
            found.push(start..end);
            start + length
        } else {
            start + string(rest)
        };
    }
    found
}

/// Bytes of the string that a text begins with, to the end where it has none.
fn string(text: &str) -> usize {
    let quote = &text[..1];
    let long = quote.repeat(3);
    let (mark, lines) = match text.starts_with(&long) {
        true => (long.as_str(), true),
        false => (quote, false),
    };
    let mut at = mark.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(behind) = rest.strip_prefix(mark) {
            // Up to two quotes may stand before those that end it.
            let more = behind.bytes().take(2);
            let more = more.take_while(|byte| lines && *byte == quote.as_bytes()[0]);
            return at + mark.len() + more.count();
        }
        let mut letters = rest.chars();
        let escape = letters.next() == Some('\\') && quote == "\"";
        if !lines && rest.starts_with('\n') {
            return at;
        }
        let escaped = letters.next().filter(|_| escape).map_or(0, char::len_utf8);
        at += rest.chars().next().map_or(1, char::len_utf8) + escaped;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "  # a = s\r\nb = \"# no = x\" # c = s\nd = '''\n# no = x''\n''''# e=s\nf = \"\\\"# no = x\" # g\nh = '\\'#i = s\nj = \"\"\"\\\"\"\"\"\"\"# k = s";

    #[test]
    fn comments_are_what_stands_behind_a_hash_outside_of_texts() {
        let found: Vec<_> = comments(TEXT).into_iter().map(|one| &TEXT[one]).collect();
        assert_eq!(
            found,
            ["# a = s", "# c = s", "# e=s", "# g", "#i = s", "# k = s"]
        );
        assert!(TEXT.parse::<toml_edit::DocumentMut>().is_ok(), "it is TOML");
    }

    #[test]
    fn masks_are_put_in_and_taken_out() {
        let shown = masked(TEXT);
        assert_eq!(shown.matches(MASK).count(), 5, "{shown}");
        assert_eq!(shown.matches("no = x").count(), 3, "{shown}");
        assert!(shown.starts_with("  # a = ****\r\n"), "{shown}");
        assert_eq!(unmasked(&shown, TEXT), TEXT);
        assert_eq!(unmasked("# c = mine", TEXT), "# c = mine");
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        for text in [
            "\"",
            "'''",
            "\"\\",
            "\"\\é\"#",
            "é#é",
            "\"a\n#b",
            "''''''#",
            "",
        ] {
            let _ = comments(text);
        }
    }
}
