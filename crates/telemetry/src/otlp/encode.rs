//! The SDK's spans as protobuf, written straight into a buffer.
//!
//! `opentelemetry-otlp` first copies a span into generated types, with a heap allocation for every
//! key and every text, and then encodes those. Written directly a span costs a fifth of that. What
//! comes out is the same, which the tests hold against the generated types.
//!
//! <https://github.com/open-telemetry/opentelemetry-proto/blob/v1.11.0/opentelemetry/proto/trace/v1/trace.proto>

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Event, Link, SpanContext, SpanId, SpanKind, Status};
use opentelemetry::{Array, InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;

use super::wire::{put_bytes, put_key, put_message, put_varint};

/// Wire types.
const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const FIXED32: u8 = 5;

/// `SpanFlags`: the two bits that say whether the parent is of another process.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// Everything of a span but its attributes, events and links.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    pub(crate) context: &'a SpanContext,
    pub(crate) parent: SpanId,
    pub(crate) parent_is_remote: bool,
    pub(crate) name: &'a str,
    pub(crate) kind: &'a SpanKind,
    pub(crate) start: SystemTime,
    pub(crate) end: SystemTime,
    pub(crate) status: &'a Status,
    pub(crate) dropped: Dropped,
}

/// How many of each exceeded a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) attributes: u32,
    pub(crate) events: u32,
    pub(crate) links: u32,
}

/// Appends `span` as field `number`. Texts of attributes are cut after `value_length` characters.
pub(crate) fn put_span(out: &mut Vec<u8>, number: u32, span: &SpanData, value_length: usize) {
    let head = Head {
        context: &span.span_context,
        parent: span.parent_span_id,
        parent_is_remote: span.parent_span_is_remote,
        name: &span.name,
        kind: &span.span_kind,
        start: span.start_time,
        end: span.end_time,
        status: &span.status,
        dropped: Dropped {
            attributes: span.dropped_attributes_count,
            events: span.events.dropped_count,
            links: span.links.dropped_count,
        },
    };
    put_message(out, number, |out| {
        put_head(out, &head);
        put_span_attributes(out, &span.attributes, value_length);
        for event in span.events.iter() {
            put_event(out, event, value_length);
        }
        for link in span.links.iter() {
            put_link(out, link, value_length);
        }
    });
}

/// Appends the fields of `head` to a span. The order of fields does not matter.
pub(crate) fn put_head(out: &mut Vec<u8>, head: &Head<'_>) {
    put_ids(out, head.context);
    if head.parent != SpanId::INVALID {
        put_bytes(out, 4, &head.parent.to_bytes());
    }
    put_text(out, 5, head.name);
    put_number(out, 6, kind(head.kind));
    put_time(out, 7, head.start);
    put_time(out, 8, head.end);
    put_number(out, 10, head.dropped.attributes.into());
    put_number(out, 12, head.dropped.events.into());
    put_number(out, 14, head.dropped.links.into());
    put_message(out, 15, |out| put_status(out, head.status));
    put_flags(out, 16, head.context, head.parent_is_remote);
}

/// Appends attributes to a span.
pub(crate) fn put_span_attributes(out: &mut Vec<u8>, list: &[KeyValue], value_length: usize) {
    put_attributes(out, 9, list, value_length);
}

/// Appends an event to a span.
pub(crate) fn put_event(out: &mut Vec<u8>, event: &Event, value_length: usize) {
    put_message(out, 11, |out| {
        put_time(out, 1, event.timestamp);
        put_text(out, 2, &event.name);
        put_attributes(out, 3, &event.attributes, value_length);
        put_number(out, 4, event.dropped_attributes_count.into());
    });
}

/// Appends a link to a span.
pub(crate) fn put_link(out: &mut Vec<u8>, link: &Link, value_length: usize) {
    put_message(out, 13, |out| put_link_fields(out, link, value_length));
}

fn put_link_fields(out: &mut Vec<u8>, link: &Link, value_length: usize) {
    let context = &link.span_context;
    put_ids(out, context);
    put_attributes(out, 4, &link.attributes, value_length);
    put_number(out, 5, link.dropped_attributes_count.into());
    put_flags(out, 6, context, context.is_remote());
}

/// The ids and the state of a span or a link: both have them in fields 1 to 3.
fn put_ids(out: &mut Vec<u8>, context: &SpanContext) {
    put_bytes(out, 1, &context.trace_id().to_bytes());
    put_bytes(out, 2, &context.span_id().to_bytes());
    let state = context.trace_state();
    // Nearly always empty, and its text is made anew at each call.
    if *state != Default::default() {
        put_text(out, 3, &state.header());
    }
}

fn put_flags(out: &mut Vec<u8>, number: u32, context: &SpanContext, remote: bool) {
    let remote = if remote { IS_REMOTE } else { 0 };
    let flags = u32::from(context.trace_flags().to_u8()) | HAS_IS_REMOTE | remote;
    put_key(out, number, FIXED32);
    out.extend_from_slice(&flags.to_le_bytes());
}

fn put_status(out: &mut Vec<u8>, status: &Status) {
    match status {
        Status::Unset => {}
        Status::Ok => put_number(out, 3, 1),
        Status::Error { description } => {
            put_text(out, 2, description);
            put_number(out, 3, 2);
        }
    }
}

fn kind(kind: &SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

/// A `Resource` with these attributes.
pub(crate) fn resource(resource: &Resource) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, value) in resource {
        put_attribute(&mut out, 1, key.as_str(), value, usize::MAX);
    }
    out
}

/// An `InstrumentationScope`.
pub(crate) fn scope(scope: &InstrumentationScope) -> Vec<u8> {
    let mut out = Vec::new();
    put_text(&mut out, 1, scope.name());
    put_text(&mut out, 2, scope.version().unwrap_or_default());
    for KeyValue { key, value, .. } in scope.attributes() {
        put_attribute(&mut out, 3, key.as_str(), value, usize::MAX);
    }
    out
}

fn put_attributes(out: &mut Vec<u8>, number: u32, list: &[KeyValue], value_length: usize) {
    for KeyValue { key, value, .. } in list {
        put_attribute(out, number, key.as_str(), value, value_length);
    }
}

fn put_attribute(out: &mut Vec<u8>, number: u32, key: &str, value: &Value, length: usize) {
    if put_short(out, number, key, value, length) {
        return;
    }
    put_message(out, number, |out| {
        put_text(out, 1, key);
        put_message(out, 2, |out| put_value(out, value, length));
    });
}

/// Appends an attribute all of whose lengths take one byte, as nearly all attributes are: they are
/// known beforehand then, and it is written in four pieces. Returns `false`, and appends nothing,
/// for any other.
fn put_short(out: &mut Vec<u8>, number: u32, key: &str, value: &Value, length: usize) -> bool {
    // The key of the field in `AnyValue` with its length or value, and what follows these.
    let (field, size, text) = match value {
        Value::String(text) => {
            let text = cut(text.as_str(), length);
            (0x0a, text.len(), text)
        }
        Value::Bool(value) => (0x10, usize::from(*value), ""),
        Value::I64(value @ 0..0x80) => (0x18, value.cast_unsigned() as usize, ""),
        _ => return false,
    };
    // Six more: keys and lengths of the attribute's key, of the value, and of the field in it.
    let content = 6 + key.len() + text.len();
    if key.is_empty() || number >= 16 || content >= 0x80 {
        return false;
    }
    // All of these are below 128.
    let (content, name, inner) = (content as u8, key.len() as u8, 2 + text.len() as u8);
    out.reserve(2 + usize::from(content));
    out.extend_from_slice(&[(number << 3 | 2) as u8, content, 0x0a, name]);
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(&[0x12, inner, field, size as u8]);
    out.extend_from_slice(text.as_bytes());
    true
}

/// The content of an `AnyValue`. Unlike elsewhere nothing is left out for being zero: the field
/// says which kind of value it is.
fn put_value(out: &mut Vec<u8>, value: &Value, length: usize) {
    match value {
        Value::String(text) => put_bytes(out, 1, cut(text.as_str(), length).as_bytes()),
        Value::Bool(value) => {
            put_key(out, 2, VARINT);
            put_varint(out, u64::from(*value));
        }
        Value::I64(value) => {
            put_key(out, 3, VARINT);
            put_varint(out, value.cast_unsigned());
        }
        Value::F64(value) => {
            put_key(out, 4, FIXED64);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Value::Array(list) => put_message(out, 5, |out| match list {
            Array::Bool(list) => put_list(out, list, length),
            Array::I64(list) => put_list(out, list, length),
            Array::F64(list) => put_list(out, list, length),
            Array::String(list) => put_list(out, list, length),
            // A kind that the API does not have yet.
            _ => {}
        }),
        _ => {}
    }
}

fn put_list<T: Clone + Into<Value>>(out: &mut Vec<u8>, list: &[T], length: usize) {
    for value in list {
        put_message(out, 1, |out| put_value(out, &value.clone().into(), length));
    }
}

/// The first `length` characters.
fn cut(text: &str, length: usize) -> &str {
    // A text has no more characters than bytes.
    if text.len() <= length {
        return text;
    }
    let end = text.char_indices().nth(length);
    end.map_or(text, |(end, _)| &text[..end])
}

/// Appends a text, unless it is empty.
pub(crate) fn put_text(out: &mut Vec<u8>, number: u32, text: &str) {
    if !text.is_empty() {
        put_bytes(out, number, text.as_bytes());
    }
}

/// Appends a number, unless it is 0.
fn put_number(out: &mut Vec<u8>, number: u32, value: u64) {
    if value != 0 {
        put_key(out, number, VARINT);
        put_varint(out, value);
    }
}

/// Appends a time in nanoseconds since 1970, unless it is 0. Later than the year 2554 it does not
/// fit and is the last time that does.
fn put_time(out: &mut Vec<u8>, number: u32, time: SystemTime) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanos = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
    if nanos != 0 {
        put_key(out, number, FIXED64);
        out.extend_from_slice(&nanos.to_le_bytes());
    }
}

#[cfg(test)]
mod tests;
