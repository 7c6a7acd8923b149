//! Attributes: from a frame to `KeyValue` messages.
//!
//! In the frame an attribute is two numbers, `key length * 8 + type` and a value, whose meaning depends on
//! the type: length of a string, the number itself, or the count of elements, which follow as attributes
//! without a key. Key and string values stand in the text in that order.

use crate::frame::Frame;
use crate::protobuf::Writer;

/// Elements of an array may not be arrays themselves; OpenTelemetry has no such attributes.
const MAX_DEPTH: u32 = 1;

/// Type codes of attribute values in a frame.
mod kind {
    pub(super) const STRING: u32 = 0;
    pub(super) const DOUBLE: u32 = 1;
    pub(super) const INT: u32 = 2;
    pub(super) const BOOL: u32 = 3;
    pub(super) const ARRAY: u32 = 4;
}

/// Reads a count and that many attributes, and writes each as a `KeyValue` under `field`.
pub fn encode(frame: &mut Frame<'_>, writer: &mut Writer, field: u32) {
    let count = frame.count();
    for _ in 0..count {
        if !frame.is_sound() {
            return;
        }
        let meta = frame.count();
        let pair = writer.begin(field);
        writer.bytes(1, frame.text(meta >> 3));
        let value = writer.begin(2);
        encode_value(frame, writer, meta & 7, 0);
        writer.end(value);
        writer.end(pair);
    }
}

/// Writes the content of an `AnyValue`; all its members belong to a `oneof`, so defaults are written too.
fn encode_value(frame: &mut Frame<'_>, writer: &mut Writer, kind: u32, depth: u32) {
    let value = frame.number();
    match kind {
        kind::STRING => writer.bytes_always(1, frame.text(value as u32)),
        kind::BOOL => writer.uint_always(2, u64::from(value != 0.0)),
        kind::INT => writer.uint_always(3, value as i64 as u64),
        kind::DOUBLE => writer.double_always(4, value),
        kind::ARRAY if depth < MAX_DEPTH => {
            let array = writer.begin(5);
            for _ in 0..value as u32 {
                if !frame.is_sound() {
                    break;
                }
                let kind = frame.count();
                let element = writer.begin(1);
                encode_value(frame, writer, kind, depth + 1);
                writer.end(element);
            }
            writer.end(array);
        }
        _ => frame.reject(),
    }
}
