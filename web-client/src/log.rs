//! Log records: from a frame to `opentelemetry.proto.logs.v1.LogRecord`.
//!
//! Order in the frame: time (milliseconds since the Unix epoch), severity number, severity text, body,
//! event name, attributes, count of dropped attributes, 1 if a trace context follows and then trace id and
//! span id and flags, else 0.

use crate::attributes;
use crate::frame::Frame;
use crate::protobuf::Writer;
use crate::span::{encode_ids, nanoseconds};

/// Writes one log record as element of `ScopeLogs.log_records`.
pub fn encode(frame: &mut Frame<'_>, writer: &mut Writer) {
    let record = writer.begin(2);
    let time = nanoseconds(frame.number());
    writer.fixed64(1, time);
    writer.fixed64(11, time);
    writer.uint(2, u64::from(frame.count()));
    writer.bytes(3, frame.string());
    let body = frame.string();
    if !body.is_empty() {
        let value = writer.begin(5);
        writer.bytes(1, body);
        writer.end(value);
    }
    writer.bytes(12, frame.string());
    attributes::encode(frame, writer, 6);
    writer.uint(7, u64::from(frame.count()));
    if frame.count() != 0 {
        encode_ids(frame, writer, 9, 10);
        writer.fixed32(8, frame.count());
    }
    writer.end(record);
}
