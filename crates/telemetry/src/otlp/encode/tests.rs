use std::borrow::Cow;
use std::time::Duration;

use opentelemetry::StringValue;
use opentelemetry::trace::{Event, TraceFlags, TraceId, TraceState};
use opentelemetry_proto::tonic::trace::v1::{ScopeSpans, Span};
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
use proptest::prelude::*;
use prost::Message;

use super::*;

fn encoded(span: &SpanData) -> Vec<u8> {
    let mut out = Vec::new();
    put_span(&mut out, 2, span, usize::MAX);
    out
}

fn text() -> impl Strategy<Value = String> {
    // Around 128 bytes a length takes a second byte.
    prop_oneof!["[a-zö]{0,8}", "[a-zö]{60,200}"]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::I64),
        // Around 128 a number takes a second byte.
        (-1..200i64).prop_map(Value::I64),
        any::<f64>().prop_map(Value::F64),
        text().prop_map(|text| Value::String(text.into())),
        prop::collection::vec(any::<i64>(), 0..4).prop_map(|list| Value::Array(Array::I64(list))),
        prop::collection::vec(any::<bool>(), 0..4).prop_map(|list| Value::Array(Array::Bool(list))),
        prop::collection::vec(any::<f64>(), 0..4).prop_map(|list| Value::Array(Array::F64(list))),
        prop::collection::vec(text().prop_map(StringValue::from), 0..4)
            .prop_map(|list| Value::Array(Array::String(list))),
    ]
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let attribute = (text(), value()).prop_map(|(key, value)| KeyValue::new(key, value));
    prop::collection::vec(attribute, 0..6)
}

prop_compose! {
    fn context()(trace: u128, span: u64, flags in 0u8..4, remote: bool, state: bool) -> SpanContext {
        let state = match state {
            true => TraceState::from_key_value([("vendor", "1")]).unwrap(),
            false => TraceState::NONE,
        };
        SpanContext::new(TraceId::from(trace), SpanId::from(span), TraceFlags::new(flags), remote, state)
    }
}

fn time() -> impl Strategy<Value = SystemTime> {
    prop_oneof![
        Just(UNIX_EPOCH),
        any::<u64>().prop_map(|nanos| UNIX_EPOCH + Duration::from_nanos(nanos)),
    ]
}

prop_compose! {
    fn event()(name in text(), timestamp in time(), attributes in attributes(), dropped: u32) -> Event {
        Event::new(name, timestamp, attributes, dropped)
    }
}

prop_compose! {
    fn link()(context in context(), attributes in attributes(), dropped: u32) -> Link {
        Link::new(context, attributes, dropped)
    }
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        Just(Status::Unset),
        Just(Status::Ok),
        text().prop_map(Status::error),
    ]
}

prop_compose! {
    fn span()(
        span_context in context(),
        (parent, parent_span_is_remote) in any::<(u64, bool)>(),
        name in text(),
        kind in 0usize..5,
        (start_time, end_time) in (time(), time()),
        attributes in attributes(),
        (dropped, dropped_events, dropped_links) in any::<(u32, u32, u32)>(),
        events in prop::collection::vec(event(), 0..3),
        links in prop::collection::vec(link(), 0..3),
        status in status(),
    ) -> SpanData {
        let kinds = [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];
        let mut all_events = SpanEvents::default();
        all_events.events = events;
        all_events.dropped_count = dropped_events;
        let mut all_links = SpanLinks::default();
        all_links.links = links;
        all_links.dropped_count = dropped_links;
        SpanData {
            span_context,
            parent_span_id: SpanId::from(parent),
            parent_span_is_remote,
            span_kind: kinds[kind].clone(),
            name: Cow::Owned(name),
            start_time,
            end_time,
            attributes,
            dropped_attributes_count: dropped,
            events: all_events,
            links: all_links,
            status,
            instrumentation_scope: InstrumentationScope::builder("test").build(),
        }
    }
}

proptest! {
    #[test]
    fn spans_are_what_the_generated_types_make_of_them(span in span()) {
        let mut expected = Vec::new();
        put_bytes(&mut expected, 2, &Span::from(span.clone()).encode_to_vec());
        let made = encoded(&span);
        // The fields are in another order, but there is not a byte more.
        prop_assert_eq!(made.len(), expected.len());
        let scope = ScopeSpans::decode(made.as_slice()).unwrap();
        prop_assert_eq!(scope.encode_to_vec(), expected);
    }

    #[test]
    fn texts_are_cut_between_characters(text in "[a-zö🦀]{0,12}", length in 0usize..12) {
        let expected: String = text.chars().take(length).collect();
        prop_assert_eq!(cut(&text, length), expected);
    }
}

#[test]
fn limits_reach_lists_events_and_links() {
    let long = || KeyValue::new("text", "12345");
    let list = Value::Array(Array::String(vec!["123456".into(), "ab".into()]));
    let mut events = SpanEvents::default();
    events.events = vec![Event::new(
        "a name is no value",
        UNIX_EPOCH,
        vec![long()],
        0,
    )];
    let mut links = SpanLinks::default();
    links.links = vec![Link::new(SpanContext::NONE, vec![long()], 0)];
    let span = SpanData {
        span_context: SpanContext::NONE,
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "span".into(),
        start_time: UNIX_EPOCH,
        end_time: UNIX_EPOCH,
        attributes: vec![
            KeyValue::new("list", list),
            KeyValue::new("number", 123_456),
        ],
        dropped_attributes_count: 0,
        events,
        links,
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("test").build(),
    };
    let mut out = Vec::new();
    put_span(&mut out, 2, &span, 4);
    let scope = ScopeSpans::decode(out.as_slice()).unwrap();
    let cut = &scope.spans[0];
    let text =
        |list: &[opentelemetry_proto::tonic::common::v1::KeyValue]| format!("{:?}", list[0].value);
    assert!(text(&cut.events[0].attributes).contains("\"1234\""));
    assert!(text(&cut.links[0].attributes).contains("\"1234\""));
    let list = text(&cut.attributes);
    assert!(
        list.contains("\"1234\"") && list.contains("\"ab\""),
        "{list}"
    );
    assert!(format!("{:?}", cut.attributes[1].value).contains("123456"));
    assert_eq!(cut.events[0].name, "a name is no value");
}
