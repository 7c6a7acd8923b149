//! What one click must look like in every backend that keeps what it was sent.

use serde_json::{Value, json};

use crate::payload::PAGE;
use crate::scenario::SERVER;
use crate::span::{Span, only, outline, tree};

/// Spans of one click: two of the page, three of the server.
pub const SPANS: u64 = 5;

/// The tree that one click becomes, as [`tree`] writes it.
#[must_use]
pub fn click_tree() -> String {
    format!(
        "{PAGE}: click [internal]\n  \
           {PAGE}: send terminal:create [client]\n    \
             {SERVER}: process terminal:create [server]\n      \
               {SERVER}: open terminal [internal]\n      \
               {SERVER}: read profile [client] failed\n"
    )
}

/// The same as [`outline`] writes it.
const CLICK_OUTLINE: &str = "\
click
  send terminal:create
    process terminal:create
      open terminal
      read profile failed
";

/// Compares tree, attributes, events and resources with what was made.
///
/// # Panics
/// Where something differs.
pub fn assert_click(spans: &[Span]) {
    assert_eq!(tree(spans), click_tree());
    assert_contents(spans);
    for span in spans {
        let resource = |key: &str| span.resource.get(key).and_then(Value::as_str);
        if span.service == PAGE {
            assert_eq!(resource("browser.language"), Some("de-CH"));
            assert_eq!(resource("aether.source"), Some("browser"));
        } else {
            assert_eq!(resource("service.version"), Some("1.2.3"));
            assert_eq!(resource("telemetry.sdk.language"), Some("rust"));
            assert_eq!(resource("aether.source"), None);
        }
    }
}

/// Compares all that a backend keeps which drops kinds and resources.
///
/// # Panics
/// Where something differs.
pub fn assert_click_without_resources(spans: &[Span]) {
    assert_eq!(outline(spans), CLICK_OUTLINE);
    assert_contents(spans);
}

fn assert_contents(spans: &[Span]) {
    assert!(
        spans.iter().all(|span| span.end >= span.start),
        "{spans:#?}"
    );

    attributes(
        only(spans, "click"),
        &[("aether.route", json!("/Übersicht/:id"))],
    );
    let sent = only(spans, "send terminal:create");
    attributes(
        sent,
        &[
            ("messaging.system", json!("socketio")),
            // One more than a 64-bit float can hold.
            (
                "messaging.message.body.size",
                json!(9_007_199_254_740_993_i64),
            ),
            ("socketio.ack", json!(true)),
            ("socketio.buffered_ms", json!(0.5)),
        ],
    );
    assert_eq!(sent.events, ["slow reply"]);
    attributes(
        only(spans, "process terminal:create"),
        &[
            ("messaging.system", json!("socketio")),
            ("messaging.message.body.size", json!(21)),
            ("socketio.ack", json!(true)),
        ],
    );
    attributes(only(spans, "open terminal"), &[("cols", json!(80))]);
}

fn attributes(span: &Span, expected: &[(&str, Value)]) {
    for (key, value) in expected {
        assert_eq!(span.attributes.get(*key), Some(value), "{key} of {span:#?}");
    }
}
