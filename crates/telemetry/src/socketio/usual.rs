//! The carrier as nearly every client writes it, read without walking over JSON.
//!
//! ```text
//! event = "[" name *( "," argument ) `,{"_trace":{"b3":"` b3 `"}}]`
//! b3    = 32HEXDIG "-" 16HEXDIG "-" state [ "-" 16HEXDIG ]
//! ```
//! Whatever looks otherwise in any way is left to `aether_propagation::carrier`, which reads the
//! same from this, several times slower.

use aether_propagation::carrier::Carrier;
use aether_propagation::{Format, b3};

const BEFORE: &str = r#",{"_trace":{"b3":""#;
const AFTER: &str = r#""}}]"#;

/// The key of a carrier, as it stands in JSON.
pub(super) const KEY: &str = "\"_trace\"";

/// Bytes of `b3` without and with the parent's id.
const LENGTHS: [usize; 2] = [51, 68];

/// The carrier, and the event before the comma of the carrier: all but the closing bracket. `None`
/// for anything unusual.
pub(super) fn cut<'a>(raw: &'a str, order: &[Format]) -> Option<(Carrier, &'a str)> {
    let open = raw.strip_suffix(AFTER)?;
    let (event, text) = LENGTHS.iter().find_map(|length| {
        let (event, text) = open.split_at_checked(open.len().checked_sub(*length)?)?;
        Some((event.strip_suffix(BEFORE)?, text))
    })?;
    // A second carrier before it would make both invalid.
    if !order.contains(&Format::B3Single) || !event.starts_with('[') || event.contains(KEY) {
        return None;
    }
    match b3::parse_single(text) {
        Ok(b3::B3::Context(context)) => Some((Carrier::new(context), event)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aether_propagation::carrier::{cut_trailing, parse_json_in_order};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const B3: &str = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1";
    const ORDER: &[Format] = &[Format::B3Single, Format::TraceContext];

    fn value() -> impl Strategy<Value = Value> {
        let odd = format!(r#",{{"_trace":{{"b3":"{B3}"}}}}]"#);
        let text = prop_oneof![
            "[a-z\"\\\\{}\\[\\],_]{0,6}",
            Just(odd),
            Just("_trace".to_owned())
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
            Just(json!({"_trace": {"b3": B3}})),
        ];
        leaf.prop_recursive(3, 12, 3, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map(text.clone(), inner, 0..3)
                    .prop_map(|map| Value::from(serde_json::Map::from_iter(map))),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_read_as_all_others_are(
            arguments in prop::collection::vec(value(), 0..4),
            b3 in "[0-9a-f]{31}[1-9a]-[0-9A-F]{15}1-[01d](-[0-9a-f]{16})?|[0-9a-f-]{0,70}",
            carried: bool,
        ) {
            let mut event = vec![json!("say")];
            event.extend(arguments);
            if carried {
                event.push(json!({"_trace": {"b3": b3}}));
            }
            let raw = Value::from(event).to_string();
            if let Some((carrier, event)) = cut(&raw, ORDER) {
                let slowly = cut_trailing(&raw).expect("there is one");
                prop_assert_eq!(slowly.rest(&raw), format!("{event}]"));
                let json = slowly.carrier.unwrap();
                prop_assert_eq!(parse_json_in_order(json, ORDER), Ok(carrier));
            }
        }
    }

    #[test]
    fn what_the_client_writes_is_usual() {
        for parent in ["", "-00f067aa0ba902b8"] {
            let raw = format!(r#"["say",{{"a":1}},{{"_trace":{{"b3":"{B3}{parent}"}}}}]"#);
            let (carrier, event) = cut(&raw, ORDER).unwrap();
            assert_eq!(event, r#"["say",{"a":1}"#);
            assert!(carrier.context.is_some());
            assert_eq!(cut(&raw, &[Format::TraceContext]), None);
        }
        let twice = format!(r#"["say",{{"_trace":{{}}}},{{"_trace":{{"b3":"{B3}"}}}}]"#);
        assert_eq!(cut(&twice, ORDER), None);
        assert_eq!(cut(r#"["say",{"_trace":{"b3":"0"}}]"#, ORDER), None);
    }
}
