//! Partial success: the part of a request that was not taken, and why.
//!
//! The three response messages differ only in the JSON name of the count, so one reader and one
//! writer serve all: response { partial_success: 1 { rejected: 1, error_message: 2 } }.
//! <https://opentelemetry.io/docs/specs/otlp/#partial-success-1>

use prost::Message;
use serde_json::{Value, json};

use crate::Signal;

/// The answer to an export request. Zero and empty: everything was taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Partial {
    pub(crate) rejected: u64,
    pub(crate) message: String,
}

#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

fn json_name(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "rejectedSpans",
        Signal::Logs => "rejectedLogRecords",
        Signal::Metrics => "rejectedDataPoints",
    }
}

/// Reads an answer. What cannot be read counts as plain success: the status said so.
pub(crate) fn read(signal: Signal, body: &[u8], is_json: bool) -> Partial {
    let (rejected, message) = if is_json {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let partial = &body["partialSuccess"];
        let rejected = match &partial[json_name(signal)] {
            Value::String(text) => text.parse().unwrap_or(0),
            value => value.as_u64().unwrap_or(0),
        };
        let message = partial["errorMessage"].as_str().unwrap_or_default();
        (rejected, message.to_owned())
    } else {
        let response = Response::decode(body).unwrap_or_default();
        let partial = response.partial_success.unwrap_or_default();
        (
            u64::try_from(partial.rejected).unwrap_or(0),
            partial.error_message,
        )
    };
    Partial {
        rejected,
        message: message.chars().take(200).collect(),
    }
}

/// Writes an answer. Plain success is an empty message, `{}` in JSON.
pub(crate) fn write(signal: Signal, partial: &Partial, as_json: bool) -> Vec<u8> {
    let success = *partial == Partial::default();
    if as_json {
        let answer = if success {
            json!({})
        } else {
            json!({ "partialSuccess": {
                json_name(signal): partial.rejected.to_string(),
                "errorMessage": partial.message,
            }})
        };
        return answer.to_string().into_bytes();
    }
    let partial_success = (!success).then(|| PartialSuccess {
        rejected: i64::try_from(partial.rejected).unwrap_or(i64::MAX),
        error_message: partial.message.clone(),
    });
    Response { partial_success }.encode_to_vec()
}
