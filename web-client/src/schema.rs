//! From a frame to OTLP: which value of a record goes into which field, as tables.
//!
//! One small interpreter ([`encode`]) walks them. Code that wrote each message by hand was three times the
//! size in the download, and this reads like the proto files it follows: `trace/v1`, `logs/v1` and `metrics/v1`
//! of `opentelemetry/proto`. The order of the steps is the order in which TypeScript hands the values in.

use crate::attributes;
use crate::frame::Frame;
use crate::protobuf::Writer;

/// One value of a record: what it is in the frame, and the number of the field it becomes.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// A string; left out when empty.
    Text(u8),
    /// A string, written even when empty, as a member of a `oneof` must be.
    TextAlways(u8),
    /// Lower-case hex digits for exactly that many bytes, not all of them zero.
    Id(u8, u8),
    /// As [`Id`](Self::Id), or an empty string, which leaves it out.
    MaybeId(u8, u8),
    /// An unsigned number or an enum.
    Uint(u8),
    /// A `fixed32`.
    Fixed32(u8),
    /// A `fixed64`; at most 2⁵³ of them can be told apart.
    Fixed64(u8),
    /// A `double`, also when zero.
    Double(u8),
    /// A count, and that many numbers as a packed field of `fixed64`.
    Fixed64s(u8),
    /// A count, and that many numbers as a packed field of `double`.
    Doubles(u8),
    /// Milliseconds since the Unix epoch, as nanoseconds.
    Time(u8),
    /// Milliseconds since the time that was read last, as a time.
    Duration(u8),
    /// Attributes, see [`attributes::encode`].
    Attributes(u8),
    /// A count, and that many messages.
    Messages(u8, Message),
}

use Step::{
    Attributes, Double, Doubles, Duration, Fixed32, Fixed64, Fixed64s, Id, MaybeId, Messages, Text,
    TextAlways, Time, Uint,
};

/// The messages there are. Steps name them by this instead of by a pointer, which keeps them small.
#[derive(Clone, Copy, Debug)]
pub enum Message {
    /// `Span`.
    Span,
    /// `Span.Event`.
    Event,
    /// `Span.Link`.
    Link,
    /// `Status`.
    Status,
    /// `LogRecord`. Its two times are handed in one after the other: when it happened, and how much later it
    /// was observed.
    Log,
    /// `AnyValue` that is a string.
    Body,
    /// `Metric`: a `Sum`, a `Histogram` or a `Gauge`, with its data points.
    Metric,
    /// `Sum`; without temporality and direction it reads like a `Gauge`.
    Sum,
    /// `NumberDataPoint`.
    Number,
    /// `Histogram`.
    Histogram,
    /// `HistogramDataPoint`.
    Buckets,
    /// `InstrumentationScope`.
    Scope,
}

/// The steps of each message, in the order of their values in a frame.
const fn steps(message: Message) -> &'static [Step] {
    match message {
        Message::Span => &[
            Id(1, 16),
            Id(2, 8),
            MaybeId(4, 8),
            Fixed32(16),
            Text(5),
            Uint(6),
            Time(7),
            Duration(8),
            Attributes(9),
            Uint(10),
            Messages(11, Message::Event),
            Uint(12),
            Messages(13, Message::Link),
            Uint(14),
            Messages(15, Message::Status),
        ],
        Message::Event => &[Text(2), Time(1), Attributes(3), Uint(4)],
        Message::Link => &[Id(1, 16), Id(2, 8), Attributes(4), Uint(5)],
        Message::Status => &[Uint(3), Text(2)],
        Message::Log => &[
            Time(1),
            Duration(11),
            Uint(2),
            Text(3),
            Messages(5, Message::Body),
            Text(12),
            Attributes(6),
            Uint(7),
            MaybeId(9, 16),
            MaybeId(10, 8),
            Fixed32(8),
        ],
        Message::Body => &[TextAlways(1)],
        Message::Metric => &[
            Text(1),
            Text(3),
            Messages(7, Message::Sum),
            Messages(9, Message::Histogram),
            Messages(5, Message::Sum),
        ],
        Message::Sum => &[Messages(1, Message::Number), Uint(2), Uint(3)],
        Message::Number => &[Attributes(7), Time(2), Duration(3), Double(4)],
        Message::Histogram => &[Messages(1, Message::Buckets), Uint(2)],
        Message::Buckets => &[
            Attributes(9),
            Time(2),
            Duration(3),
            Fixed64(4),
            Double(5),
            Double(11),
            Double(12),
            Fixed64s(6),
            Doubles(7),
        ],
        Message::Scope => &[Text(1), Text(2)],
    }
}

/// Reads one record and writes its fields. What a broken frame leaves behind in `writer` is the caller's to
/// throw away; [`Frame::is_sound`] tells.
pub fn encode(message: Message, frame: &mut Frame<'_>, writer: &mut Writer) {
    let mut time = 0;
    for &step in steps(message) {
        match step {
            Text(field) => writer.bytes(field.into(), frame.string()),
            TextAlways(field) => writer.bytes_always(field.into(), frame.string()),
            Id(field, length) => id(field, length, frame, writer, false),
            MaybeId(field, length) => id(field, length, frame, writer, true),
            Uint(field) => writer.uint(field.into(), u64::from(frame.count())),
            Fixed32(field) => writer.fixed32(field.into(), frame.count()),
            Fixed64(field) => writer.fixed64(field.into(), frame.number() as u64),
            Double(field) => writer.double_always(field.into(), frame.number()),
            Fixed64s(field) | Doubles(field) => {
                let packed = writer.begin(field.into());
                for _ in 0..frame.count() {
                    if !frame.is_sound() {
                        return;
                    }
                    let number = frame.number();
                    writer.raw_fixed64(match step {
                        Doubles(_) => number.to_bits(),
                        _ => number as u64,
                    });
                }
                writer.end(packed);
            }
            Time(field) => {
                time = nanoseconds(frame.number());
                writer.fixed64(field.into(), time);
            }
            Duration(field) => {
                writer.fixed64(
                    field.into(),
                    time.saturating_add(nanoseconds(frame.number())),
                );
            }
            Attributes(field) => attributes::encode(frame, writer, field.into()),
            Messages(field, inner) => {
                for _ in 0..frame.count() {
                    if !frame.is_sound() {
                        return;
                    }
                    let nested = writer.begin(field.into());
                    encode(inner, frame, writer);
                    writer.end(nested);
                }
            }
        }
    }
}

/// Lower-case hex is how this package writes ids; anything else is not from it.
fn id(field: u8, length: u8, frame: &mut Frame<'_>, writer: &mut Writer, optional: bool) {
    let hex = frame.string();
    if optional && hex.is_empty() {
        return;
    }
    let length = usize::from(length);
    let mut bytes = [0; 16];
    let mut any = 0;
    for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
        for &digit in pair {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return frame.reject(),
            };
            *byte = *byte << 4 | value;
            any |= value;
        }
    }
    match bytes.get(..length) {
        Some(bytes) if any != 0 && hex.len() == 2 * length => writer.bytes(field.into(), bytes),
        _ => frame.reject(),
    }
}

/// Milliseconds as nanoseconds; negative and non-finite values become 0.
pub fn nanoseconds(milliseconds: f64) -> u64 {
    (milliseconds * 1e6) as u64
}
