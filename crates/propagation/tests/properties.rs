//! What holds for all input: generated contexts, carriers, JSON arguments and plain noise.

#[path = "../fuzz/checks.rs"]
mod checks;

use aether_propagation::carrier::{
    Carrier, ReplyIds, cut_trailing, cut_trailing_before_offset, insert_trailing, parse_json,
    write_json_with, write_trailing,
};
use aether_propagation::{DEFAULT_ORDER, Sampling, SpanContext, SpanId, TraceId, b3, w3c};
use proptest::prelude::*;
use serde_json::Value;

fn trace_id() -> impl Strategy<Value = TraceId> {
    any::<[u8; 16]>().prop_filter_map("not zero", TraceId::from_bytes)
}

fn span_id() -> impl Strategy<Value = SpanId> {
    any::<[u8; 8]>().prop_filter_map("not zero", SpanId::from_bytes)
}

fn sampling() -> impl Strategy<Value = Sampling> {
    use Sampling::{Accept, Debug, Defer, Deny};
    prop::sample::select(vec![Accept, Deny, Debug, Defer])
}

fn context() -> impl Strategy<Value = SpanContext> {
    (
        trace_id(),
        span_id(),
        sampling(),
        prop::option::of(span_id()),
    )
        .prop_map(|(trace_id, span_id, sampling, parent)| SpanContext {
            trace_id,
            span_id,
            sampling,
            // The single header has no place for a parent beside a deferred decision.
            parent_span_id: parent.filter(|_| sampling != Sampling::Defer),
        })
}

fn carrier() -> impl Strategy<Value = Carrier> {
    // Short enough to fit whatever else is there, quoting included.
    let opaque = || prop::option::of("[ -~]{1,12}");
    let replies = prop::collection::vec(span_id(), 0..=16);
    (
        prop::option::of(context()),
        replies,
        opaque(),
        opaque(),
        any::<bool>(),
    )
        .prop_map(
            |(context, replies, tracestate, baggage, accepts_trailing)| Carrier {
                tracestate: tracestate.filter(|_| context.is_some()),
                context,
                re: replies.into_iter().collect::<ReplyIds>(),
                baggage,
                accepts_trailing,
                ..Carrier::default()
            },
        )
}

/// Any JSON, rich in what could be taken for a carrier.
fn json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        ".{0,12}",
        r#"[\\"{}\[\],:_trace]{0,12}"#,
        Just(r#"",{"_trace":{"b3":"0"}}]"#.to_owned()),
    ];
    let key = prop_oneof![
        ".{0,6}",
        Just("_trace".to_owned()),
        Just("_placeholder".to_owned())
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(key.clone(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// An event whose last argument is not itself a carrier, compact or spread over lines.
fn event() -> impl Strategy<Value = String> {
    (".{0,8}", prop::collection::vec(json(), 0..4), any::<bool>()).prop_filter_map(
        "the user's own arguments end without a carrier",
        |(name, arguments, pretty)| {
            let mut event = vec![Value::from(name)];
            event.extend(arguments);
            let event = Value::from(event);
            let raw = if pretty {
                format!(" {event:#}\n")
            } else {
                event.to_string()
            };
            cut_trailing(&raw).is_none().then_some(raw)
        },
    )
}

/// Noise made of what the readers look for.
fn noise() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "[",
        "]",
        "{",
        "}",
        "\"",
        "\\",
        ",",
        ":",
        " ",
        "\n",
        "0",
        "-",
        "é",
        "\"_trace\"",
        "\"e\"",
        "{\"_trace\":{}}",
        ",{\"_trace\":{\"b3\":\"0\"}}",
        "\"_requestId\":1",
        "\"b3\":\"1\"",
        "\"re\":",
        "\"accept\":[\"trailing\"]",
        "00f067aa0ba902b7",
        "4bf92f3577b34da6a3ce929d0e0e4736",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn contexts_survive_every_format(context in context()) {
        let mut text = String::new();
        b3::write_single(&context, &mut text);
        prop_assert_eq!(b3::parse_single(&text), Ok(b3::B3::Context(context)));

        text.clear();
        w3c::write_traceparent(&context, &mut text);
        let read = w3c::parse_traceparent(&text).unwrap();
        prop_assert_eq!((read.trace_id, read.span_id), (context.trace_id, context.span_id));
        prop_assert_eq!(read.sampling.is_sampled(), Some(context.sampling.is_sampled() == Some(true)));
    }

    #[test]
    fn carriers_survive(carrier in carrier()) {
        let mut text = String::new();
        write_json_with(&carrier, DEFAULT_ORDER, &mut text);
        prop_assert_eq!(parse_json(&text), Ok(carrier));
    }

    #[test]
    fn a_cut_undoes_an_insert(raw in event(), carrier in carrier()) {
        let mut with = raw.clone();
        prop_assert!(insert_trailing(&mut with, &carrier));
        let cut = cut_trailing(&with).unwrap();
        prop_assert_eq!(cut.rest(&with), raw);
        let sent = Carrier { tracestate: None, ..carrier };
        prop_assert_eq!(cut.parse(), Ok(sent));
    }

    #[test]
    fn a_recovery_offset_changes_nothing(raw in event(), offset in ".{0,12}", carrier in carrier()) {
        let close = raw.rfind(']').unwrap();
        let offset = Value::from(offset).to_string();
        let plain = format!("{},{offset}]", &raw[..close]);
        let mut argument = String::new();
        write_trailing(&carrier, &mut argument);
        let with = format!("{},{argument},{offset}]", &raw[..close]);
        let cut = cut_trailing_before_offset(&with).unwrap();
        prop_assert_eq!(cut.rest(&with), plain);
        prop_assert_eq!(cut_trailing(&with), None);
    }

    #[test]
    fn arbitrary_json_is_judged_as_serde_json_judges_it(value in json(), name in ".{0,4}") {
        checks::cut_trailing(&value.to_string());
        checks::cut_trailing(&serde_json::json!([name, value]).to_string());
        checks::cut_trailing(&serde_json::json!([name, value, {"_trace": value}]).to_string());
    }

    #[test]
    fn nothing_breaks_on_noise(noise in noise(), text in ".{0,80}") {
        for text in [&noise, &text] {
            checks::b3(text);
            checks::traceparent(text);
            checks::carrier(text);
            checks::cut_trailing(text);
        }
        checks::cut_trailing(&format!("[\"e\",{noise}]"));
        checks::carrier(&format!("{{{noise}}}"));
    }
}
