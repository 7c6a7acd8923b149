//! A span as a backend shows it, and the tree that spans form.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

/// Attribute values in plain JSON: text, numbers, booleans, arrays.
pub type Attributes = BTreeMap<String, Value>;

/// One span, as far as backends agree on what a span is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Span {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// 16 hexadecimal digits; `None` for the root.
    pub parent: Option<String>,
    /// Name of the operation.
    pub name: String,
    /// `internal`, `server`, `client`, `producer` or `consumer`.
    pub kind: String,
    /// `service.name` of its resource.
    pub service: String,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    /// Attributes of the span.
    pub attributes: Attributes,
    /// Attributes of its resource.
    pub resource: Attributes,
    /// Names of its events, in order.
    pub events: Vec<String>,
    /// Whether its status is ERROR.
    pub failed: bool,
}

/// The tree of the given spans as indented text, one line `service: name [kind]` for each.
///
/// A span whose parent is not among them begins a tree of its own, and its line says so: a single
/// line without indentation means that all spans are joined.
#[must_use]
pub fn tree(spans: &[Span]) -> String {
    let mut sorted: Vec<&Span> = spans.iter().collect();
    sorted.sort_by_key(|span| (span.start, span.span_id.clone()));
    forest(&sorted, |span| {
        format!("{}: {} [{}]", span.service, span.name, span.kind)
    })
}

/// The same tree of nothing but names, siblings in the order of those: for backends that keep
/// neither service nor kind, and times so coarse that they do not tell which span was first.
#[must_use]
pub fn outline(spans: &[Span]) -> String {
    let mut sorted: Vec<&Span> = spans.iter().collect();
    sorted.sort_by_key(|span| (span.name.clone(), span.span_id.clone()));
    forest(&sorted, |span| span.name.clone())
}

/// One line per span; siblings in the order of `all`.
fn forest(all: &[&Span], label: impl Fn(&Span) -> String) -> String {
    let mut text = String::new();
    for span in all {
        let known = |id: &String| all.iter().any(|other| other.span_id == *id);
        match &span.parent {
            None => branch(span, all, 0, "", &label, &mut text),
            Some(parent) if !known(parent) => {
                let remark = format!(" (no parent {parent})");
                branch(span, all, 0, &remark, &label, &mut text);
            }
            Some(_) => {}
        }
    }
    text
}

fn branch(
    span: &Span,
    all: &[&Span],
    depth: usize,
    remark: &str,
    label: &impl Fn(&Span) -> String,
    text: &mut String,
) {
    let indent = "  ".repeat(depth);
    let failed = if span.failed { " failed" } else { "" };
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{indent}{}{failed}{remark}", label(span));
    // A span that is its own ancestor would go round for ever.
    if depth > all.len() {
        return;
    }
    for child in all {
        if child.parent.as_ref() == Some(&span.span_id) {
            branch(child, all, depth + 1, "", label, text);
        }
    }
}

/// The only span of that name.
///
/// # Panics
/// Where there is none, or more than one.
#[must_use]
pub fn only<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found: Vec<&Span> = spans.iter().filter(|span| span.name == name).collect();
    match found[..] {
        [span] => span,
        _ => panic!("{} spans are named `{name}`:\n{}", found.len(), tree(spans)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: Option<&str>, start: u64) -> Span {
        Span {
            span_id: id.to_owned(),
            parent: parent.map(str::to_owned),
            name: id.to_owned(),
            kind: "internal".to_owned(),
            service: "s".to_owned(),
            start,
            ..Span::default()
        }
    }

    #[test]
    fn children_follow_their_parents_in_order_of_time() {
        let spans = [
            span("late", Some("root"), 3),
            span("deep", Some("early"), 4),
            span("early", Some("root"), 2),
            span("root", None, 1),
        ];
        let expected = "s: root [internal]\n  s: early [internal]\n    s: deep [internal]\n  s: late [internal]\n";
        assert_eq!(tree(&spans), expected);
    }

    #[test]
    fn an_outline_goes_by_names() {
        let mut failed = span("a", Some("root"), 5);
        failed.failed = true;
        let spans = [
            span("b", Some("root"), 1),
            failed,
            span("root", None, 9),
            span("lost", Some("x"), 0),
        ];
        let expected = "lost (no parent x)\nroot\n  a failed\n  b\n";
        assert_eq!(outline(&spans), expected);
    }

    #[test]
    fn a_missing_parent_is_seen() {
        let mut lost = span("b", Some("x"), 2);
        lost.failed = true;
        let expected = "s: a [internal]\ns: b [internal] failed (no parent x)\n";
        assert_eq!(tree(&[span("a", None, 1), lost]), expected);
    }
}
