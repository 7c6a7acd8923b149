//! From OTLP to Jaeger's model, the way Jaeger's own receiver does it
//! (<https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/>).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use serde_json::{Map, Value, json};

use super::jaeger::{Log, Process, Reference, Span as JaegerSpan, Tag, Trace};
use crate::otlp::base64;
use crate::store::{Origin, Record, Snapshot};

/// The name of a span kind; empty where there is none.
pub(super) fn kind(kind: i32) -> &'static str {
    match kind {
        1 => "internal",
        2 => "server",
        3 => "client",
        4 => "producer",
        5 => "consumer",
        _ => "",
    }
}

/// A whole trace, its spans by start.
pub(super) fn trace(snapshot: &Snapshot) -> Trace {
    let trace_id = hex(&snapshot.id);
    let mut processes: Vec<Arc<Origin>> = Vec::new();
    let mut spans: Vec<_> = snapshot
        .records
        .iter()
        .map(|record| {
            // Origins differ by scope, too; a process is the resource alone.
            let known = processes
                .iter()
                .position(|known| same_process(known, &record.origin));
            let position = known.unwrap_or_else(|| {
                processes.push(Arc::clone(&record.origin));
                processes.len() - 1
            });
            span(&trace_id, record, format!("p{}", position + 1))
        })
        .collect();
    spans.sort_by(|a, b| (a.start_time, &a.span_id).cmp(&(b.start_time, &b.span_id)));
    let processes: BTreeMap<_, _> = processes
        .iter()
        .enumerate()
        .map(|(position, origin)| (format!("p{}", position + 1), process(origin)))
        .collect();
    Trace {
        trace_id,
        spans,
        processes,
        warnings: warnings(snapshot),
    }
}

fn same_process(a: &Arc<Origin>, b: &Arc<Origin>) -> bool {
    Arc::ptr_eq(a, b) || (a.service == b.service && a.resource == b.resource)
}

fn process(origin: &Origin) -> Process {
    Process {
        service_name: Arc::clone(&origin.service),
        tags: tags(&origin.resource).collect(),
    }
}

fn warnings(snapshot: &Snapshot) -> Option<Vec<String>> {
    let mut warnings = Vec::new();
    if snapshot.dropped > 0 {
        let dropped = snapshot.dropped;
        warnings.push(format!(
            "{dropped} spans were dropped: the trace is too large for the store"
        ));
    }
    if snapshot.partial {
        warnings.push("earlier spans of this trace were evicted to make room".to_owned());
    }
    (!warnings.is_empty()).then_some(warnings)
}

fn span(trace_id: &str, record: &Record, process_id: String) -> JaegerSpan {
    let span = record.span();
    JaegerSpan {
        trace_id: trace_id.to_owned(),
        span_id: hex(&record.span_id),
        // The low byte are the W3C flags, of which bit 0 means "sampled" in Jaeger, too.
        flags: span.flags & 1,
        operation_name: Arc::clone(&record.operation),
        references: references(trace_id, &span),
        start_time: record.start / 1000,
        duration: record.duration() / 1000,
        tags: span_tags(record, &span),
        logs: span
            .events
            .iter()
            .map(|event| {
                let name =
                    (!event.name.is_empty()).then(|| Tag::text("event", event.name.as_str()));
                Log {
                    timestamp: event.time_unix_nano / 1000,
                    fields: name.into_iter().chain(tags(&event.attributes)).collect(),
                }
            })
            .collect(),
        process_id,
        warnings: None,
    }
}

fn references(trace_id: &str, span: &Span) -> Vec<Reference> {
    let parent = span.parent_span_id.as_slice();
    let parent = (parent.len() == 8 && parent != [0; 8]).then(|| Reference {
        ref_type: "CHILD_OF",
        trace_id: trace_id.to_owned(),
        span_id: hex(parent),
    });
    let links = span.links.iter().map(|link| Reference {
        ref_type: "FOLLOWS_FROM",
        trace_id: hex(&link.trace_id),
        span_id: hex(&link.span_id),
    });
    parent.into_iter().chain(links).collect()
}

/// Attributes first, then what Jaeger's model has no field for.
fn span_tags(record: &Record, span: &Span) -> Vec<Tag> {
    let mut found: Vec<_> = tags(&span.attributes).collect();
    if let Some(scope) = &record.origin.scope {
        if !scope.name.is_empty() {
            found.push(Tag::text("otel.scope.name", scope.name.as_str()));
        }
        if !scope.version.is_empty() {
            found.push(Tag::text("otel.scope.version", scope.version.as_str()));
        }
    }
    let kind = kind(span.kind);
    if !kind.is_empty() {
        found.push(Tag::text("span.kind", kind));
    }
    if let Some(status) = &span.status {
        match StatusCode::try_from(status.code) {
            Ok(StatusCode::Error) => {
                found.push(Tag::text("otel.status_code", "ERROR"));
                found.push(Tag::flag("error", true));
            }
            Ok(StatusCode::Ok) => found.push(Tag::text("otel.status_code", "OK")),
            _ => {}
        }
        if !status.message.is_empty() {
            found.push(Tag::text(
                "otel.status_description",
                status.message.as_str(),
            ));
        }
    }
    if !span.trace_state.is_empty() {
        found.push(Tag::text("w3c.tracestate", span.trace_state.as_str()));
    }
    found
}

/// Whether a span has all the tags: on itself, on one of its events, or on its process.
pub(super) fn has_tags(record: &Record, wanted: &[(String, String)]) -> bool {
    let span = record.span();
    let own = span_tags(record, &span);
    let process: Vec<_> = tags(&record.origin.resource).collect();
    let events: Vec<_> = span
        .events
        .iter()
        .flat_map(|event| tags(&event.attributes))
        .collect();
    wanted.iter().all(|(key, value)| {
        let mut all = own.iter().chain(&process).chain(&events);
        all.any(|tag| tag.key == *key && tag.shown() == *value)
    })
}

fn tags(attributes: &[KeyValue]) -> impl Iterator<Item = Tag> {
    attributes.iter().map(|attribute| {
        let value = attribute
            .value
            .as_ref()
            .and_then(|value| value.value.as_ref());
        let (kind, value) = typed(value);
        Tag {
            key: attribute.key.clone(),
            kind,
            value,
        }
    })
}

/// Jaeger's type and value. Lists and maps are shown as JSON text.
fn typed(value: Option<&Any>) -> (&'static str, Value) {
    match value {
        None => ("string", Value::String(String::new())),
        Some(Any::StringValue(text)) => ("string", Value::String(text.clone())),
        Some(Any::BoolValue(value)) => ("bool", Value::Bool(*value)),
        Some(Any::IntValue(value)) => ("int64", json!(value)),
        // JSON has no NaN and no infinity.
        Some(Any::DoubleValue(value)) if value.is_finite() => ("float64", json!(value)),
        Some(Any::BytesValue(bytes)) => ("binary", Value::String(base64::encode(bytes))),
        Some(other) => ("string", Value::String(plain_text(other))),
    }
}

fn plain_text(value: &Any) -> String {
    match value {
        Any::DoubleValue(value) => value.to_string(),
        other => nested(other).to_string(),
    }
}

/// The decoder bounds how deep a value can be nested, so this recursion ends.
fn nested(value: &Any) -> Value {
    let inner = |value: &Option<AnyValue>| {
        let value = value.as_ref().and_then(|value| value.value.as_ref());
        value.map_or(Value::Null, nested)
    };
    match value {
        Any::StringValue(text) => Value::String(text.clone()),
        Any::BoolValue(value) => Value::Bool(*value),
        Any::IntValue(value) => json!(value),
        Any::DoubleValue(value) => json!(value),
        Any::BytesValue(bytes) => Value::String(base64::encode(bytes)),
        Any::ArrayValue(list) => {
            let values = list.values.iter();
            Value::Array(
                values
                    .map(|value| value.value.as_ref().map_or(Value::Null, nested))
                    .collect(),
            )
        }
        Any::KvlistValue(map) => {
            let entries = map.values.iter();
            Value::Object(
                entries
                    .map(|entry| (entry.key.clone(), inner(&entry.value)))
                    .collect::<Map<_, _>>(),
            )
        }
        Any::StringValueStrindex(_) => Value::Null,
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
