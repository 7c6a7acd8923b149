//! Cuts the attributes of log records to the configured limits.
//!
//! The SDK leaves everything about them to us. (It counts the attributes of spans itself, and their
//! values are cut where they are [encoded](super::encode).) Done on the encoded request, and only
//! where a limit is set.
//!
//! <https://opentelemetry.io/docs/specs/otel/common/#attribute-limits>

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use prost::{DecodeError, Message};

use crate::Signal;
use crate::config::Limits;

/// What has to be done to the requests of one signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    Logs { count: usize, value_length: usize },
}

impl Limit {
    /// `None` where the SDK keeps all limits by itself.
    pub(crate) fn of(signal: Signal, limits: &Limits) -> Option<Self> {
        // 32 bits fit everywhere this can run.
        let length = |limit: Option<u32>| limit.map_or(usize::MAX, |limit| limit as usize);
        match signal {
            // Records come from `tracing`, whose events have 32 fields at most: the default number
            // cannot be exceeded, and nothing has to be looked at.
            Signal::Logs => {
                let limited = limits.log_value_length.is_some()
                    || limits.log_attributes < Limits::default().log_attributes;
                limited.then(|| Self::Logs {
                    count: limits.log_attributes as usize,
                    value_length: length(limits.log_value_length),
                })
            }
            Signal::Traces | Signal::Metrics => None,
        }
    }

    /// The request with its attributes cut.
    pub(crate) fn apply(self, request: &[u8]) -> Result<Vec<u8>, DecodeError> {
        match self {
            Self::Logs {
                count,
                value_length,
            } => logs(request, count, value_length),
        }
    }
}

fn logs(request: &[u8], count: usize, length: usize) -> Result<Vec<u8>, DecodeError> {
    let mut request = ExportLogsServiceRequest::decode(request)?;
    let resources = request.resource_logs.iter_mut();
    let scopes = resources.flat_map(|resource| &mut resource.scope_logs);
    for record in scopes.flat_map(|scope| &mut scope.log_records) {
        let dropped = record.attributes.len().saturating_sub(count);
        record.attributes.truncate(count);
        let dropped = u32::try_from(dropped).unwrap_or(u32::MAX);
        record.dropped_attributes_count = record.dropped_attributes_count.saturating_add(dropped);
        cut_all(&mut record.attributes, length);
    }
    Ok(request.encode_to_vec())
}

fn cut_all(attributes: &mut [KeyValue], length: usize) {
    for attribute in attributes {
        if let Some(value) = &mut attribute.value {
            cut(value, length);
        }
    }
}

/// Texts are cut after so many characters, byte strings after so many bytes, lists in each entry.
fn cut(value: &mut AnyValue, length: usize) {
    match &mut value.value {
        Some(Value::StringValue(text)) => {
            if let Some((end, _)) = text.char_indices().nth(length) {
                text.truncate(end);
            }
        }
        Some(Value::BytesValue(bytes)) => bytes.truncate(length),
        Some(Value::ArrayValue(list)) => {
            for entry in &mut list.values {
                cut(entry, length);
            }
        }
        Some(Value::KvlistValue(list)) => cut_all(&mut list.values, length),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::ArrayValue;
    use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};

    fn any(value: Value) -> AnyValue {
        AnyValue { value: Some(value) }
    }

    #[test]
    fn texts_are_cut_between_characters_and_nothing_else_is() {
        let text = |text: &str| any(Value::StringValue(text.to_owned()));
        for (mut value, expected) in [
            (text("größer"), text("größ")),
            (text("four"), text("four")),
            (any(Value::IntValue(123_456)), any(Value::IntValue(123_456))),
            (
                any(Value::ArrayValue(ArrayValue {
                    values: vec![text("12345"), text("")],
                })),
                any(Value::ArrayValue(ArrayValue {
                    values: vec![text("1234"), text("")],
                })),
            ),
            (
                any(Value::BytesValue(vec![1; 5])),
                any(Value::BytesValue(vec![1; 4])),
            ),
        ] {
            cut(&mut value, 4);
            assert_eq!(value, expected);
        }
    }

    #[test]
    fn attributes_of_a_record_are_dropped_and_counted() {
        let attribute = |key: &str| KeyValue {
            key: key.to_owned(),
            ..KeyValue::default()
        };
        let record = LogRecord {
            attributes: ["a", "b", "c"].map(attribute).to_vec(),
            dropped_attributes_count: 1,
            ..LogRecord::default()
        };
        let request = ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs {
                scope_logs: vec![ScopeLogs {
                    log_records: vec![record],
                    ..ScopeLogs::default()
                }],
                ..ResourceLogs::default()
            }],
        };
        let limit = Limit::Logs {
            count: 2,
            value_length: usize::MAX,
        };
        let cut = limit.apply(&request.encode_to_vec()).unwrap();
        let cut = ExportLogsServiceRequest::decode(&*cut).unwrap();
        let record = &cut.resource_logs[0].scope_logs[0].log_records[0];
        assert_eq!(record.attributes, [attribute("a"), attribute("b")]);
        assert_eq!(record.dropped_attributes_count, 2);
    }

    #[test]
    fn nothing_is_done_where_no_limit_is_set() {
        for signal in Signal::ALL {
            assert_eq!(Limit::of(signal, &Limits::default()), None);
        }
    }
}
