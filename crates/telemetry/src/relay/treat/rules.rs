//! The scrub rules, compiled: what becomes of an attribute by its key, and of a text by what it says.

use std::borrow::Cow;

use regex::{Regex, RegexSet, bytes};

use crate::config::{Needs, Scrub, ValueRule};

/// What stands where something was.
pub(super) const MASK: &str = "****";

/// What becomes of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyAction {
    Keep,
    Delete,
    Mask,
    Hash,
}

/// The rules. Of several that hold for a key, the one that leaves least wins.
#[derive(Debug)]
pub(super) struct Rules {
    delete: Option<bytes::Regex>,
    mask: Option<bytes::Regex>,
    hash: Option<bytes::Regex>,
    values: Vec<ValueRule>,
    /// Of `values`, those of which nothing is known: one pass over texts that nearly always have none.
    others: RegexSet,
}

impl Rules {
    /// # Errors
    /// A sentence, where the rules are too large together.
    pub(super) fn new(scrub: &Scrub) -> Result<Self, String> {
        let others = scrub.values.iter().filter(|rule| rule.needs().is_none());
        let failed = |error: regex::Error| format!("the rules of what to scrub: {error}");
        Ok(Self {
            delete: globs(&scrub.delete).map_err(failed)?,
            mask: globs(&scrub.mask).map_err(failed)?,
            hash: globs(&scrub.hash).map_err(failed)?,
            others: RegexSet::new(others.map(ValueRule::text)).map_err(failed)?,
            values: scrub.values.clone(),
        })
    }

    pub(super) fn key(&self, key: &[u8]) -> KeyAction {
        let fits =
            |globs: &Option<bytes::Regex>| globs.as_ref().is_some_and(|globs| globs.is_match(key));
        if fits(&self.delete) {
            KeyAction::Delete
        } else if fits(&self.mask) {
            KeyAction::Mask
        } else if fits(&self.hash) {
            KeyAction::Hash
        } else {
            KeyAction::Keep
        }
    }

    /// Whether a text has to be looked at: nearly none has.
    pub(super) fn suspects(&self, text: &[u8]) -> bool {
        if !self.others.is_empty() {
            return true;
        }
        let kinds = Needs::kinds(text);
        let mut needs = self.values.iter().filter_map(ValueRule::needs);
        needs.any(|needs| needs.are_met(text.len(), kinds))
    }

    fn matches(&self, text: &str) -> bool {
        let kinds = Needs::kinds(text.as_bytes());
        let met = |needs: Option<Needs>| needs.is_some_and(|n| n.are_met(text.len(), kinds));
        let mut known = self.values.iter().filter(|rule| met(rule.needs()));
        known.any(|rule| rule.pattern().is_some_and(|pattern| pattern.is_match(text)))
            || (!self.others.is_empty() && self.others.is_match(text))
    }

    /// A text without its secrets.
    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.matches(text) {
            return Cow::Borrowed(text);
        }
        let mut text = Cow::Borrowed(text);
        for pattern in self.values.iter().filter_map(ValueRule::pattern) {
            // What one rule has left may be what another looks for.
            if let Cow::Owned(masked) = mask(pattern, &text) {
                text = Cow::Owned(masked);
            }
        }
        text
    }
}

/// Masks every match, or its group named `secret` where it has one.
fn mask<'t>(pattern: &Regex, text: &'t str) -> Cow<'t, str> {
    let mut out = String::new();
    let mut done = 0;
    for found in pattern.captures_iter(text) {
        let Some(secret) = found.name("secret").or_else(|| found.get(0)) else {
            continue;
        };
        out.push_str(&text[done..secret.start()]);
        out.push_str(MASK);
        done = secret.end();
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// One expression for all globs, `None` for none.
fn globs(globs: &[String]) -> Result<Option<bytes::Regex>, regex::Error> {
    if globs.is_empty() {
        return Ok(None);
    }
    let expressions = globs.iter().map(|glob| {
        let escaped = regex::escape(glob);
        // Any run is one of bytes: a tenth of the memory that one of characters takes.
        let runs = escaped.replace(r"\*", "(?s-u:.*)");
        runs.replace(r"\?", ".")
    });
    let all = expressions.collect::<Vec<_>>().join("|");
    // Keys of which every byte is known need nothing of Unicode, which takes ten times as much.
    let plain = globs
        .iter()
        .all(|glob| glob.is_ascii() && !glob.contains('?'));
    let built = bytes::RegexBuilder::new(&format!("^(?:{all})$"))
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .unicode(!plain)
        .build();
    built.map(Some)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::ValueRule;

    proptest! {
        #[test]
        fn what_a_text_must_have_is_no_more_than_that(
            parts in proptest::collection::vec(
                prop_oneof![
                    "(?i)(bearer|basic)[ \\t\u{2003}\u{85}]{1,2}[a-z0-9+/]{14,24}=?",
                    "eyJ[A-Za-z0-9_-]{7,9}\\.[A-Za-z0-9_-]{7,9}\\.[a-z]{0,2}",
                    "://[a-z]{0,1}:[a-zä]{0,2}@",
                    "(?i)[?&](token|sig|secret|apikey)=[a-z]{0,2}",
                    "A[KS]IA[0-9A-Z]{15,17}",
                    "[ -~]{0,3}",
                    Just("\u{17f}ig=x".to_owned()),
                ],
                1..4,
            ),
        ) {
            let text = parts.concat();
            let rules = Rules::new(&Scrub::default()).unwrap();
            let matches = rules.values.iter().any(|rule| rule.pattern().unwrap().is_match(&text));
            prop_assert_eq!(rules.matches(&text), matches);
            prop_assert!(!matches || rules.suspects(text.as_bytes()));
        }
    }

    #[test]
    fn keys_of_obvious_secrets() {
        let rules = Rules::new(&Scrub::default()).unwrap();
        for secret in [
            "password",
            "user.Password",
            "http.request.header.authorization",
            "http.request.header.set-cookie",
            "db.connection.secret",
            "API_KEY",
            "x.access_token",
            "token",
            "session.token",
        ] {
            assert_eq!(rules.key(secret.as_bytes()), KeyAction::Mask, "{secret}");
        }
        for harmless in [
            "http.request.method",
            "url.full",
            "gen_ai.usage.input_tokens",
            "browser.cookies_enabled",
            "service.name",
            "",
        ] {
            assert_eq!(
                rules.key(harmless.as_bytes()),
                KeyAction::Keep,
                "{harmless}"
            );
        }
    }

    #[test]
    fn the_strictest_rule_wins() {
        let list = |globs: &[&str]| globs.iter().map(|&glob| glob.to_owned()).collect();
        let rules = Rules::new(&Scrub {
            delete: list(&["user.email"]),
            mask: list(&["user.*", "a?c"]),
            hash: list(&["*"]),
            ..Scrub::none()
        })
        .unwrap();
        for (key, action) in [
            ("user.email", KeyAction::Delete),
            ("USER.EMAIL", KeyAction::Delete),
            ("user.id", KeyAction::Mask),
            ("userXid", KeyAction::Hash),
            ("a\nc", KeyAction::Mask),
            ("other", KeyAction::Hash),
        ] {
            assert_eq!(rules.key(key.as_bytes()), action, "{key}");
        }
    }

    #[test]
    fn texts_with_obvious_secrets() {
        let rules = Rules::new(&Scrub::default()).unwrap();
        for (text, masked) in [
            ("Bearer abcdefghijklmnop1234", "Bearer ****"),
            (
                "sent bearer abcdefghijklmnop1234== away",
                "sent bearer **** away",
            ),
            ("Basic dXNlcjpwYXNzd29yZDEyMw==", "****"),
            (
                "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc_-x, next",
                "jwt ****, next",
            ),
            (
                "https://me:hunter2@shop.example/a?b=c",
                "https://me:****@shop.example/a?b=c",
            ),
            (
                "/cart?id=7&token=s3cr3t&API_KEY=abc#top",
                "/cart?id=7&token=****&API_KEY=****#top",
            ),
            ("key AKIAIOSFODNN7EXAMPLE.", "key ****."),
        ] {
            assert_eq!(rules.text(text), masked);
        }
        for harmless in [
            "a bearer of bad news",
            "Basic understanding",
            "https://shop.example:8443/a@b",
            "/search?q=token&page=2",
            "GET /v1/traces",
            "",
        ] {
            assert!(
                matches!(rules.text(harmless), Cow::Borrowed(_)),
                "{harmless}"
            );
        }
    }

    #[test]
    fn own_rules() {
        let card = ValueRule::new("card", r"\b(?:\d[ -]?){13,19}\b").unwrap();
        let rules = Rules::new(&Scrub {
            values: vec![card],
            ..Scrub::none()
        })
        .unwrap();
        assert_eq!(
            rules.text("paid with 4111 1111 1111 1111!"),
            "paid with ****!"
        );
    }
}
