//! What must hold for any text whatsoever. Shared by the fuzz targets, by the replay of their seeds
//! and by the property tests.
//!
//! `serde_json` is the judge: where it accepts a text as JSON, cutting must mean the same as removing
//! the carrier from the parsed value.

#![allow(dead_code, unreachable_pub, reason = "each user takes its own part")]

use aether_propagation::b3::{self, B3, Multi};
use aether_propagation::carrier::{
    self, CARRIER_KEY, Carrier, Cut, MAX_CARRIER_BYTES, REQUEST_ID_KEY,
};
use aether_propagation::{DEFAULT_ORDER, Sampling, SpanContext, extract, w3c};
use serde_json::Value;

/// `text` as one header, and its lines as the five headers.
pub fn b3(text: &str) {
    if let Ok(parsed) = b3::parse_single(text) {
        let mut again = String::new();
        match parsed {
            B3::Context(context) => b3::write_single(&context, &mut again),
            B3::DecisionOnly(sampling) => b3::write_decision(sampling, &mut again),
        }
        assert!(
            again
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        );
        let expected = match parsed {
            B3::Context(context) => B3::Context(writable(context)),
            decision => decision,
        };
        assert_eq!(b3::parse_single(&again), Ok(expected));
    }
    let mut lines = text
        .split('\n')
        .map(|line| Some(line).filter(|line| !line.is_empty()));
    let mut next = || lines.next().flatten();
    let multi = Multi {
        trace_id: next(),
        span_id: next(),
        parent_span_id: next(),
        sampled: next(),
        flags: next(),
    };
    if let Ok(Some(B3::Context(context))) = b3::parse_multi(&multi) {
        let mut headers = Vec::new();
        b3::write_multi(&context, &mut |name, value| {
            headers.push((name, value.to_owned()));
        });
        let found = extract(|name| {
            headers
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.as_str())
        });
        assert_eq!((found.context, found.error), (Some(context), None));
    }
}

/// The single header has no place for a parent beside a deferred decision.
fn writable(mut context: SpanContext) -> SpanContext {
    if context.sampling == Sampling::Defer {
        context.parent_span_id = None;
    }
    context
}

pub fn traceparent(text: &str) {
    if let Ok(context) = w3c::parse_traceparent(text) {
        let mut again = String::new();
        w3c::write_traceparent(&context, &mut again);
        assert_eq!(w3c::parse_traceparent(&again), Ok(context));
        assert_eq!(again[2..53], text[2..53]);
    }
    for check in [w3c::check_tracestate, w3c::check_baggage] {
        if let Ok(sound) = check(text) {
            assert!(sound == text && !sound.contains(['\r', '\n', '\0']));
        }
    }
}

/// `text` as the JSON of a carrier.
pub fn carrier(text: &str) {
    let Ok(parsed) = carrier::parse_json(text) else {
        return;
    };
    assert!(text.len() <= MAX_CARRIER_BYTES);
    let mut again = String::new();
    carrier::write_json_with(&parsed, DEFAULT_ORDER, &mut again);
    assert!(again.len() <= MAX_CARRIER_BYTES);
    serde_json::from_str::<Value>(&again).expect("what is written is JSON");

    let read = carrier::parse_json(&again).expect("what is written is read");
    let mut expected = Carrier {
        error: None,
        ..parsed
    };
    expected.context = expected.context.map(writable);
    // Opaque state is left out for its size, and only for that: quoting doubles it at worst.
    let written = |own: &Option<String>| own.as_ref().map_or(0, |text| 2 * text.len() + 20);
    let sum = again.len() + written(&expected.tracestate) + written(&expected.baggage);
    if sum > MAX_CARRIER_BYTES {
        expected.tracestate = expected.tracestate.filter(|_| read.tracestate.is_some());
        expected.baggage = expected.baggage.filter(|_| read.baggage.is_some());
    }
    assert_eq!(read, expected);
}

/// `raw` as the text of an event, for every function that takes one, and as `auth`.
pub fn cut_trailing(raw: &str) {
    let json = serde_json::from_str::<Value>(raw).ok();
    // An escaped key is equal to ours for a JSON reader, but nobody who means well writes it.
    let judge = json.filter(|_| !raw.contains("\\u"));
    let event = judge.as_ref().and_then(Value::as_array).map(Vec::as_slice);

    check_cut(raw, carrier::cut_trailing(raw), event, false);
    check_cut(raw, carrier::cut_trailing_before_offset(raw), event, true);
    check_insert(raw, event.is_some());
    check_payload(raw, event);

    let auth = carrier::cut_auth(raw);
    if let Some(Value::Object(mut object)) = judge {
        assert_eq!(auth.is_some(), object.remove(CARRIER_KEY).is_some());
        if let Some(auth) = auth {
            assert_eq!(
                serde_json::from_str::<Value>(&auth.rest).ok(),
                Some(object.into())
            );
        }
    }
}

fn check_cut(raw: &str, cut: Option<Cut<'_>>, event: Option<&[Value]>, before_offset: bool) {
    if let Some(cut) = &cut {
        let rest = cut.rest(raw);
        assert_eq!(rest.len() + cut.range.len(), raw.len());
        assert_eq!(carrier::cut_trailing(&rest), None, "nothing is left behind");
        if let Ok(carrier) = cut.carrier {
            assert!(raw[cut.range.clone()].contains(carrier));
        }
        let _ = cut.parse();
    }
    let Some(event) = event else { return };
    let mut expected = event.to_vec();
    let offset = expected.pop_if(|last| before_offset && last.is_string());
    let mut carriers = 0;
    while expected.len() > 1 && is_carrier(&expected[expected.len() - 1]) {
        expected.pop();
        carriers += 1;
    }
    expected.extend(offset);
    assert_eq!(cut.is_some(), carriers > 0);
    if let Some(cut) = cut {
        assert_eq!(
            serde_json::from_str(&cut.rest(raw)).ok(),
            Some(Value::Array(expected))
        );
        assert!(carriers == 1 || cut.carrier.is_err());
    }
}

fn is_carrier(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|object| object.len() == 1 && object.contains_key(CARRIER_KEY))
}

fn check_insert(raw: &str, is_json: bool) {
    let carrier = Carrier {
        decision: Some(Sampling::Accept),
        ..Carrier::default()
    };
    let mut inserted = raw.to_owned();
    if carrier::insert_trailing(&mut inserted, &carrier) {
        let cut = carrier::cut_trailing(&inserted).expect("what is inserted is found");
        match carrier::cut_trailing(raw) {
            None => {
                assert_eq!(cut.parse(), Ok(carrier.clone()));
                assert_eq!(cut.rest(&inserted), raw);
            }
            Some(own) => {
                assert_eq!(cut.rest(&inserted), own.rest(raw));
                assert!(cut.carrier.is_err());
            }
        }
    }
    assert!(!is_json || serde_json::from_str::<Value>(&inserted).is_ok());
    let mut inserted = raw.to_owned();
    if carrier::insert_payload(&mut inserted, &carrier, Some("\"r\"")) {
        let payload = carrier::find_payload(&inserted).expect("what is inserted is found");
        assert_eq!(payload.parse(), Some(Ok(carrier)));
        assert_eq!(payload.request_id(), Some("r"));
        assert!(!is_json || serde_json::from_str::<Value>(&inserted).is_ok());
    } else {
        assert_eq!(inserted, raw);
    }
}

fn check_payload(raw: &str, event: Option<&[Value]>) {
    let found = carrier::find_payload(raw);
    if let Some(payload) = &found {
        let _ = payload.parse();
    }
    let Some([Value::String(_), first, ..]) = event else {
        return;
    };
    let payload = found.unwrap_or_default();
    assert_eq!(payload.carrier.is_some(), first.get(CARRIER_KEY).is_some());
    if let Some(Ok(json)) = payload.carrier {
        assert_eq!(
            serde_json::from_str::<Value>(json).ok().as_ref(),
            first.get(CARRIER_KEY)
        );
    }
    if let Some(json) = payload.request_id_json {
        assert_eq!(
            serde_json::from_str::<Value>(json).ok().as_ref(),
            first.get(REQUEST_ID_KEY)
        );
    }
}
