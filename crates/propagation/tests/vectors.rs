//! `vectors.json`: what every reader of our wire format must make of the same input, whichever
//! language it is written in. The browser package reads the same file.
//!
//! - `state` is the B3 sampling state: `1`, `0`, `d`, or empty when the decision is deferred; without
//!   `traceId` it is a decision without a span.
//! - `reject` is the reason why nothing of the input is used, `error` that for a part of it.
//! - `trailing`: `rest` is the event without its carriers, `null` when it has none.

use aether_propagation::b3::{B3, parse_single};
use aether_propagation::carrier::{Carrier, cut_trailing, parse_json};
use aether_propagation::w3c::parse_traceparent;
use aether_propagation::{Reject, Sampling, SpanContext};
use serde_json::{Map, Value, json};

fn section(name: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(include_str!("vectors.json")).expect("sound JSON");
    let cases = vectors[name].as_array().cloned().unwrap_or_default();
    assert!(!cases.is_empty(), "no vectors for {name}");
    cases
}

const fn state(sampling: Sampling) -> &'static str {
    match sampling {
        Sampling::Accept => "1",
        Sampling::Deny => "0",
        Sampling::Debug => "d",
        Sampling::Defer => "",
    }
}

fn describe_context(context: &SpanContext) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("traceId".into(), context.trace_id.to_string().into());
    map.insert("spanId".into(), context.span_id.to_string().into());
    map.insert("state".into(), state(context.sampling).into());
    map
}

fn describe_carrier(carrier: &Carrier) -> Map<String, Value> {
    let mut map = carrier
        .context
        .as_ref()
        .map(describe_context)
        .unwrap_or_default();
    if let Some(decision) = carrier.decision {
        map.insert("state".into(), state(decision).into());
    }
    if !carrier.re.is_empty() {
        let ids: Vec<_> = carrier.re.iter().map(|id| id.to_string()).collect();
        map.insert("re".into(), ids.into());
    }
    if let Some(error) = carrier.error {
        map.insert("error".into(), error.as_str().into());
    }
    map
}

/// Compares a reading with the vector it belongs to, whose `inputs` are no part of the expectation.
fn check(vector: &Value, inputs: &[&str], reading: Result<Map<String, Value>, Reject>) {
    let mut expected = vector.as_object().cloned().unwrap_or_default();
    for input in inputs {
        expected
            .remove(*input)
            .unwrap_or_else(|| panic!("no {input} in {vector}"));
    }
    let reading = match reading {
        Ok(map) => Value::Object(map),
        Err(reject) => json!({ "reject": reject.as_str() }),
    };
    assert_eq!(reading, Value::Object(expected), "{vector}");
}

#[test]
fn b3() {
    for vector in section("b3") {
        let parsed = parse_single(vector["header"].as_str().unwrap_or_default());
        let reading = parsed.map(|b3| match b3 {
            B3::Context(context) => describe_context(&context),
            B3::DecisionOnly(decision) => describe_carrier(&Carrier {
                decision: Some(decision),
                ..Carrier::default()
            }),
        });
        check(&vector, &["header"], reading);
    }
}

#[test]
fn traceparent() {
    for vector in section("traceparent") {
        let parsed = parse_traceparent(vector["header"].as_str().unwrap_or_default());
        check(
            &vector,
            &["header"],
            parsed
                .as_ref()
                .map(describe_context)
                .map_err(|reject| *reject),
        );
    }
}

#[test]
fn carrier() {
    for vector in section("carrier") {
        let parsed = parse_json(&vector["carrier"].to_string());
        check(
            &vector,
            &["carrier"],
            parsed
                .as_ref()
                .map(describe_carrier)
                .map_err(|reject| *reject),
        );
    }
}

#[test]
fn trailing() {
    for vector in section("trailing") {
        let raw = vector["event"].to_string();
        let cut = cut_trailing(&raw);
        let rest = cut.as_ref().map(|cut| cut.rest(&raw));
        assert_eq!(
            rest,
            Some(&vector["rest"])
                .filter(|rest| !rest.is_null())
                .map(Value::to_string)
        );
        let parsed = cut.map_or_else(|| Ok(Carrier::default()), |cut| cut.parse());
        let reading = parsed
            .as_ref()
            .map(describe_carrier)
            .map_err(|reject| *reject);
        check(&vector, &["event", "rest"], reading);
    }
}
