//! Spans: from a frame to `opentelemetry.proto.trace.v1.Span`.
//!
//! Order in the frame: trace id, span id, parent span id (empty for a root), flags, name, kind, start
//! (milliseconds since the Unix epoch), duration (milliseconds), attributes, count of dropped attributes,
//! events (name, time, attributes), count of dropped events, links (trace id, span id, attributes), status
//! code, status message. Ids are hex, as in the B3 header the page has sent.

use crate::attributes;
use crate::frame::Frame;
use crate::protobuf::Writer;
use aether_propagation::{SpanId, TraceId};

/// Writes one span as element of `ScopeSpans.spans`. What a broken frame leaves behind in `writer` is the
/// caller's to throw away; [`Frame::is_sound`] tells.
pub fn encode(frame: &mut Frame<'_>, writer: &mut Writer) {
    let span = writer.begin(2);
    encode_ids(frame, writer, 1, 2);
    let parent = frame.string();
    if !parent.is_empty() {
        encode_span_id(frame, writer, 4, parent);
    }
    writer.fixed32(16, frame.count());
    writer.bytes(5, frame.string());
    writer.uint(6, u64::from(frame.count()));
    let start = nanoseconds(frame.number());
    writer.fixed64(7, start);
    writer.fixed64(8, start.saturating_add(nanoseconds(frame.number())));
    attributes::encode(frame, writer, 9);
    writer.uint(10, u64::from(frame.count()));
    let events = frame.count();
    for _ in 0..events {
        if !frame.is_sound() {
            break;
        }
        let event = writer.begin(11);
        writer.bytes(2, frame.string());
        writer.fixed64(1, nanoseconds(frame.number()));
        attributes::encode(frame, writer, 3);
        writer.end(event);
    }
    writer.uint(12, u64::from(frame.count()));
    let links = frame.count();
    for _ in 0..links {
        if !frame.is_sound() {
            break;
        }
        let link = writer.begin(13);
        encode_ids(frame, writer, 1, 2);
        attributes::encode(frame, writer, 4);
        writer.end(link);
    }
    let code = frame.count();
    let message = frame.string();
    if code != 0 {
        let status = writer.begin(15);
        writer.bytes(2, message);
        writer.uint(3, u64::from(code));
        writer.end(status);
    }
    writer.end(span);
}

/// Reads a trace id and a span id and writes them as bytes.
pub(crate) fn encode_ids(frame: &mut Frame<'_>, writer: &mut Writer, trace: u32, span: u32) {
    match decode_hex(frame.string()).and_then(TraceId::from_bytes) {
        Some(id) => writer.bytes(trace, &id.to_bytes()),
        None => frame.reject(),
    }
    let id = frame.string();
    encode_span_id(frame, writer, span, id);
}

fn encode_span_id(frame: &mut Frame<'_>, writer: &mut Writer, field: u32, hex: &[u8]) {
    match decode_hex(hex).and_then(SpanId::from_bytes) {
        Some(id) => writer.bytes(field, &id.to_bytes()),
        None => frame.reject(),
    }
}

/// Exactly `2 * N` lower-case hex digits, which is how this package writes ids, as bytes.
fn decode_hex<const N: usize>(hex: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if hex.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
        for &digit in pair {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return None,
            };
            *byte = *byte << 4 | value;
        }
    }
    Some(bytes)
}

/// Milliseconds as nanoseconds; negative and non-finite values become 0.
pub fn nanoseconds(milliseconds: f64) -> u64 {
    (milliseconds * 1e6) as u64
}
