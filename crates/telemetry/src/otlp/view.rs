//! Looks at parts of a request where they lie: attributes, and what a span, a log record or a data
//! point says about itself. Nothing is copied or decoded that nobody asks for.

use super::wire::{Fields, Malformed, Scalar};
use crate::Signal;

/// The value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    Text(&'a [u8]),
    Bool(bool),
    Int(i64),
    Double(f64),
    /// A list, a map, bytes, or nothing.
    Other,
}

impl<'a> Value<'a> {
    /// Reads an `AnyValue`: text 1, bool 2, int 3, double 4, the others 5 to 7.
    pub(crate) fn read(any: &'a [u8]) -> Result<Self, Malformed> {
        let mut value = Value::Other;
        for field in Fields::new(any) {
            let field = field?;
            value = match (field.number, field.content, field.scalar) {
                (1, Some(text), _) => Value::Text(text),
                (2, _, Some(Scalar::Varint(bits))) => Value::Bool(bits != 0),
                // Two's complement, so the cast keeps the sign.
                (3, _, Some(Scalar::Varint(bits))) => Value::Int(bits as i64),
                (4, _, Some(Scalar::Fixed64(bits))) => Value::Double(f64::from_bits(bits)),
                (5..=7, _, _) => Value::Other,
                _ => value,
            };
        }
        Ok(value)
    }
}

/// Key and value of a `KeyValue`, both as they lie there.
pub(crate) fn key_value(attribute: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let (mut key, mut value) = (&[][..], &[][..]);
    for field in Fields::new(attribute) {
        let field = field?;
        match (field.number, field.content) {
            (1, Some(content)) => key = content,
            (2, Some(content)) => value = content,
            _ => {}
        }
    }
    Ok((key, value))
}

/// Where a message has attributes.
#[derive(Debug)]
pub(crate) struct Holder {
    /// The field of its own.
    pub(crate) attributes: u32,
    /// Fields of messages in it that have some, too.
    pub(crate) parts: &'static [(u32, Holder)],
}

impl Holder {
    pub(crate) const RESOURCE: Self = Self::plain(1);
    const SPAN: Self = Self {
        attributes: 9,
        // Events and links.
        parts: &[(11, Self::plain(3)), (13, Self::plain(4))],
    };
    const RECORD: Self = Self::plain(6);
    const NUMBER: Self = Self {
        attributes: 7,
        parts: &[(5, Self::EXAMPLE)],
    };
    const HISTOGRAM: Self = Self {
        attributes: 9,
        parts: &[(8, Self::EXAMPLE)],
    };
    const EXPONENTIAL: Self = Self {
        attributes: 1,
        parts: &[(11, Self::EXAMPLE)],
    };
    const SUMMARY: Self = Self::plain(7);
    const EXAMPLE: Self = Self::plain(7);

    const fn plain(attributes: u32) -> Self {
        Self {
            attributes,
            parts: &[],
        }
    }

    /// That of an item; a data point's depends on the kind of data that it is in, the field `data` of
    /// the metric.
    pub(crate) fn of(signal: Signal, data: u32) -> &'static Self {
        match (signal, data) {
            (Signal::Traces, _) => &Self::SPAN,
            (Signal::Logs, _) => &Self::RECORD,
            (Signal::Metrics, 9) => &Self::HISTOGRAM,
            (Signal::Metrics, 10) => &Self::EXPONENTIAL,
            (Signal::Metrics, 11) => &Self::SUMMARY,
            // Gauges and sums.
            (Signal::Metrics, _) => &Self::NUMBER,
        }
    }

    pub(crate) fn part(&self, field: u32) -> Option<&'static Self> {
        let mut parts = self.parts.iter();
        parts.find_map(|(number, part)| (*number == field).then_some(part))
    }
}

/// What a span or a log record says about itself. What it does not have is 0 or empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    pub(crate) trace: &'a [u8],
    /// Of a span, or of the event that a log record is.
    pub(crate) name: &'a [u8],
    pub(crate) kind: u64,
    /// The code.
    pub(crate) status: u64,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) severity: u64,
    /// An `AnyValue`.
    pub(crate) body: Option<&'a [u8]>,
}

impl<'a> Item<'a> {
    /// Reads an item; each of its attributes, a `KeyValue`, goes to `attribute`.
    pub(crate) fn read(
        signal: Signal,
        data: u32,
        message: &'a [u8],
        mut attribute: impl FnMut(&'a [u8]) -> Result<(), Malformed>,
    ) -> Result<Self, Malformed> {
        let attributes = Holder::of(signal, data).attributes;
        let mut item = Self::default();
        for field in Fields::new(message) {
            let field = field?;
            let bits = || field.scalar.map_or(0, Scalar::bits);
            match (signal, field.number, field.content) {
                (_, number, Some(content)) if number == attributes => attribute(content)?,
                (Signal::Traces, 1, Some(id)) | (Signal::Logs, 9, Some(id)) => item.trace = id,
                (Signal::Traces, 5, Some(name)) | (Signal::Logs, 12, Some(name)) => {
                    item.name = name;
                }
                (Signal::Traces, 6, None) => item.kind = bits(),
                (Signal::Traces, 7, None) => item.start = bits(),
                (Signal::Traces, 8, None) => item.end = bits(),
                (Signal::Traces, 15, Some(status)) => {
                    for field in Fields::new(status) {
                        let field = field?;
                        if field.number == 3 {
                            item.status = field.scalar.map_or(0, Scalar::bits);
                        }
                    }
                }
                (Signal::Logs, 2, None) => item.severity = bits(),
                (Signal::Logs, 5, Some(body)) => item.body = Some(body),
                _ => {}
            }
        }
        Ok(item)
    }

    /// Milliseconds from start to end; none where it ends before it starts.
    pub(crate) fn duration_ms(&self) -> f64 {
        self.end.saturating_sub(self.start) as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
    use opentelemetry_proto::tonic::logs::v1::LogRecord;
    use opentelemetry_proto::tonic::trace::v1::{Span, Status};
    use prost::Message;

    use super::*;

    fn any(value: Any) -> AnyValue {
        AnyValue { value: Some(value) }
    }

    #[test]
    fn values_of_every_kind() {
        for (value, expected) in [
            (Any::StringValue("a".into()), Value::Text(b"a")),
            (Any::StringValue(String::new()), Value::Text(b"")),
            (Any::BoolValue(false), Value::Bool(false)),
            (Any::IntValue(-7), Value::Int(-7)),
            (Any::DoubleValue(0.5), Value::Double(0.5)),
            (Any::BytesValue(vec![1]), Value::Other),
        ] {
            let bytes = any(value).encode_to_vec();
            assert_eq!(Value::read(&bytes), Ok(expected));
        }
        assert_eq!(Value::read(b""), Ok(Value::Other));
    }

    #[test]
    fn a_span_and_a_record_tell_about_themselves() {
        let attribute = KeyValue {
            key: "k".into(),
            value: Some(any(Any::IntValue(3))),
            ..KeyValue::default()
        };
        let span = Span {
            trace_id: vec![1; 16],
            name: "n".into(),
            kind: 2,
            start_time_unix_nano: 1_000_000,
            end_time_unix_nano: 3_500_000,
            status: Some(Status {
                code: 2,
                ..Status::default()
            }),
            attributes: vec![attribute.clone()],
            ..Span::default()
        };
        let bytes = span.encode_to_vec();
        let mut seen = Vec::new();
        let item = Item::read(Signal::Traces, 0, &bytes, |content| {
            seen.push(key_value(content)?);
            Ok(())
        });
        let item = item.unwrap();
        assert_eq!((item.trace, item.name), (&[1; 16][..], &b"n"[..]));
        assert_eq!((item.kind, item.status), (2, 2));
        assert_eq!(item.duration_ms(), 2.5);
        assert_eq!(seen.len(), 1);
        assert_eq!(
            (seen[0].0, Value::read(seen[0].1)),
            (&b"k"[..], Ok(Value::Int(3)))
        );

        let record = LogRecord {
            trace_id: vec![2; 16],
            severity_number: 17,
            body: Some(any(Any::StringValue("b".into()))),
            event_name: "e".into(),
            attributes: vec![attribute],
            ..LogRecord::default()
        };
        let bytes = record.encode_to_vec();
        let mut attributes = 0;
        let item = Item::read(Signal::Logs, 0, &bytes, |_| {
            attributes += 1;
            Ok(())
        });
        let item = item.unwrap();
        assert_eq!((item.trace, item.name), (&[2; 16][..], &b"e"[..]));
        assert_eq!((item.severity, attributes), (17, 1));
        assert_eq!(Value::read(item.body.unwrap()), Ok(Value::Text(b"b")));
    }
}
