use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use aether_propagation::Reject;

fn pack(value: &Value) -> Vec<u8> {
    rmp_serde::to_vec_named(value).unwrap()
}

fn unpack(bytes: &[u8]) -> Value {
    rmp_serde::from_slice(bytes).unwrap()
}

/// The event without its carrier, and the carrier.
fn cut(event: &Value) -> Option<(Value, Result<Value, Reject>)> {
    let data = pack(event);
    let found = cut_trailing(&data)?;
    let carrier = found.carrier.map(unpack);
    let rest = found.rest();
    Some((unpack(&without(Bytes::from(data), rest)), carrier))
}

#[test]
fn a_trailing_carrier_is_cut() {
    let carrier = json!({"_trace": {"b3": "0"}});
    for arguments in [
        json!([]),
        json!([1, "two", {"three": [3]}, null]),
        // Arrays of all three widths.
        Value::Array(vec![json!({"a": [1.5, -7]}); 14]),
        Value::Array(vec![json!("x".repeat(300)); 15]),
        Value::Array(vec![json!(true); 70_000]),
    ] {
        let mut event = vec![json!("say")];
        event.extend(arguments.as_array().unwrap().iter().cloned());
        let plain = Value::Array(event.clone());
        event.push(carrier.clone());
        assert_eq!(
            cut(&Value::Array(event)),
            Some((plain, Ok(json!({"b3": "0"}))))
        );
    }
}

#[test]
fn what_is_no_carrier_is_left_alone() {
    for event in [
        json!(["say"]),
        json!(["say", {}]),
        json!(["say", {"_trace": {}, "mine": 1}]),
        json!(["say", {"_trace": {}}, 1]),
        json!(["say", [{"_trace": {}}]]),
        json!(["_trace", "_trace"]),
        json!([{"_trace": {}}, {"_trace": {}}]),
        json!({"_trace": {}}),
        json!(null),
    ] {
        assert_eq!(cut(&event), None, "{event}");
    }
    let mut more = pack(&json!(["say", {"_trace": {}}]));
    more.push(0);
    assert_eq!(cut_trailing(&more), None, "something follows");
}

#[test]
fn unusable_carriers_are_cut_all_the_same() {
    let long = "1".repeat(600);
    for (argument, reject) in [
        (json!({"_trace": 1}), Reject::Malformed),
        (json!({"_trace": {"b3": long}}), Reject::TooLong),
    ] {
        let event = json!(["say", 1, argument]);
        assert_eq!(cut(&event), Some((json!(["say", 1]), Err(reject))));
    }
    let twice = json!(["say", {"_trace": {}}, {"_trace": {}}]);
    assert_eq!(cut(&twice), Some((json!(["say"]), Err(Reject::Duplicate))));
    // A map with the key twice, which JSON values cannot hold.
    let twice = b"\x92\xa3say\x82\xa6_trace\x80\xa6_trace\x80";
    let found = cut_trailing(twice).unwrap();
    assert_eq!(found.carrier, Err(Reject::Duplicate));
}

#[test]
fn auth_is_left_as_the_application_wrote_it() {
    let auth = pack(&json!({"token": "t", "_trace": {"accept": ["trailing"]}, "n": 1}));
    let found = cut_auth(&auth).unwrap();
    assert_eq!(unpack(&found.rest), json!({"token": "t", "n": 1}));
    assert_eq!(
        to_json(found.carrier.unwrap()).unwrap(),
        r#"{"accept":["trailing"]}"#
    );
    for other in [json!({"a": {"_trace": {}}}), json!([]), json!(null)] {
        assert_eq!(cut_auth(&pack(&other)), None);
    }
}

#[test]
fn json_has_no_bytes_and_no_endless_depth() {
    assert_eq!(
        to_json(b"\x95\xc4\x02ab\xca\x7f\xc0\x00\x00\xd4\x00\x00\x81\x07\xc3\xd1\xff\x00").unwrap(),
        r#"[null,null,null,{"7":true},-256]"#
    );
    let mut deep = vec![0x91; 1000];
    deep.push(0xc0);
    assert_eq!(to_json(&deep), None);
    assert_eq!(event_name(b"\x91\xa3say"), Some("say"));
    assert_eq!(event_name(b"\x91\xa2\xff\xff"), None);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        Just(json!("_trace")),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Value::Array),
            prop::collection::btree_map("_trace|.{0,8}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_carrier_put_behind_any_arguments_is_cut_again(
        arguments in prop::collection::vec(any_value(), 0..20),
    ) {
        let mut event = vec![json!("e")];
        event.extend(arguments);
        // Arguments that are carriers themselves would be cut too.
        prop_assume!(event.last() != Some(&json!({"_trace": {}})));
        let plain = Value::Array(event.clone());
        prop_assume!(cut(&plain).is_none());
        event.push(json!({"_trace": {"b3": "0"}}));
        prop_assert_eq!(cut(&Value::Array(event)), Some((plain, Ok(json!({"b3": "0"})))));
    }

    #[test]
    fn json_says_the_same(value in any_value()) {
        let text = to_json(&pack(&value)).unwrap();
        let back: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(back, value);
    }

}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        event_name(&bytes);
        to_json(&bytes);
        cut_auth(&bytes);
        if let Some(found) = cut_trailing(&bytes) {
            let rest = found.rest();
            let rest = without(Bytes::from(bytes), rest);
            prop_assert!(event_name(&rest).is_some() || !rest.is_empty());
        }
    }

    /// A sound event with some bytes changed: closer to what a hostile client would send.
    #[test]
    fn damaged_events_are_survived(
        value in any_value(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = pack(&json!(["e", value, {"_trace": {"b3": "0"}}]));
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(found) = cut_trailing(&bytes) {
            let rest = found.rest();
            let rest = without(Bytes::from(bytes.clone()), rest);
            prop_assert_eq!(cut_trailing(&rest), None);
        }
        to_json(&bytes);
        cut_auth(&bytes);
    }
}
