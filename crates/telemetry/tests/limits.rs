//! Attribute limits as a backend sees them. Providers are global, so this file holds one test.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use opentelemetry::trace::{Span as _, SpanContext, TraceContextExt, Tracer};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value, global};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue as Attribute;
use prost::Message;
use support::backend::{Backend, status};
use support::{PATIENCE, config, start};
use tracing_subscriber::prelude::*;

fn shown(attributes: &[Attribute], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    format!("{:?}", found.unwrap().value)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_kept_and_what_is_dropped_is_counted() {
    let backend = Backend::start([], Some(status(200))).await;
    let telemetry = start(config(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &backend.url),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "3"),
        ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "1"),
        ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "0"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "1"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "1"),
        ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "2"),
    ]));
    let long = || KeyValue::new("text", "12345");
    let mut span = global::tracer("app").start("limited");
    let list = ["123456", "ab"].map(StringValue::from).to_vec();
    span.set_attribute(long());
    span.set_attribute(KeyValue::new(
        "list",
        Value::Array(Array::String(list.clone())),
    ));
    span.set_attribute(KeyValue::new("number", 123_456));
    span.set_attribute(KeyValue::new("fourth", true));
    for _ in 0..2 {
        span.add_event("event", vec![long(), KeyValue::new("second", 1)]);
        span.add_link(SpanContext::NONE, vec![long()]);
    }
    let context = Context::current_with_span(span);
    tracing::subscriber::with_default(
        tracing_subscriber::registry().with(telemetry.tracing_layer()),
        || {
            tracing::info!(
                text = "12345",
                second = 2,
                third = 3,
                "a body is no attribute"
            );
        },
    );
    context.span().end();
    let report = telemetry.shutdown(PATIENCE).await;
    assert!(report.is_complete(), "{report}");

    let received = backend.received();
    let of = |path: &str| {
        let mut found = received.iter().filter(|r| r.head.contains(path));
        let request = found.next().unwrap_or_else(|| panic!("nothing at {path}"));
        request.body.clone()
    };
    assert_eq!(received.len(), 2, "no metrics: {received:?}");
    let traces = ExportTraceServiceRequest::decode(&*of("/v1/traces")).unwrap();
    let span = &traces.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!(
        (span.attributes.len(), span.dropped_attributes_count),
        (3, 1)
    );
    let text = shown(&span.attributes, "text");
    assert!(text.contains("\"1234\""), "{text}");
    let list = shown(&span.attributes, "list");
    assert!(
        list.contains("\"1234\"") && list.contains("\"ab\""),
        "{list}"
    );
    assert!(shown(&span.attributes, "number").contains("123456"));
    assert_eq!((span.events.len(), span.dropped_events_count), (1, 1));
    let event = &span.events[0];
    assert_eq!(
        (event.attributes.len(), event.dropped_attributes_count),
        (1, 1)
    );
    assert!(shown(&event.attributes, "text").contains("\"1234\""));
    assert_eq!((span.links.len(), span.dropped_links_count), (1, 1));
    let link = &span.links[0];
    assert_eq!(
        (link.attributes.len(), link.dropped_attributes_count),
        (0, 1)
    );

    let logs = ExportLogsServiceRequest::decode(&*of("/v1/logs")).unwrap();
    let record = &logs.resource_logs[0].scope_logs[0].log_records[0];
    let body = format!("{:?}", record.body);
    assert!(body.contains("a body is no attribute"), "{body}");
    assert_eq!(record.attributes.len(), 2, "{record:?}");
    // One field, and the two that say where the event stands in the source.
    assert_eq!(record.dropped_attributes_count, 3);
    assert!(shown(&record.attributes, "text").contains("\"1234\""));
}
