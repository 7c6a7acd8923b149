//! What a page sends: OTLP made by hand, so that nothing of ours can be wrong on both sides.

use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use aether_telemetry::Signal;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// `service.name` of the page.
pub const PAGE: &str = "backends-page";

/// Encoding of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-protobuf`
    Protobuf,
    /// `application/json`
    Json,
}

impl Encoding {
    /// The content type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// A click in a page that sends an event to its server and waits for the answer.
#[derive(Debug, Clone)]
pub struct Click {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// Span of the click itself, the root.
    pub click_id: String,
    /// Span of the event that was sent, a child of the click.
    pub send_id: String,
    started: u64,
}

impl Click {
    /// A click right now, in a trace of its own.
    #[must_use]
    pub fn now() -> Self {
        Self {
            trace_id: format!("{}{}", random_id(), random_id()),
            click_id: random_id(),
            send_id: random_id(),
            started: nanos_since_1970(),
        }
    }

    /// The context that travels with the event, in one `b3` header.
    #[must_use]
    pub fn b3(&self) -> String {
        format!("{}-{}-1", self.trace_id, self.send_id)
    }

    /// The request with which the page reports one kind of telemetry.
    ///
    /// # Panics
    /// Where the message in this file is not OTLP.
    #[must_use]
    pub fn request(&self, signal: Signal, encoding: Encoding) -> Vec<u8> {
        let message = self.message(signal);
        match (encoding, signal) {
            (Encoding::Json, _) => message.to_string().into_bytes(),
            (Encoding::Protobuf, Signal::Traces) => protobuf::<ExportTraceServiceRequest>(message),
            (Encoding::Protobuf, Signal::Logs) => protobuf::<ExportLogsServiceRequest>(message),
            (Encoding::Protobuf, Signal::Metrics) => {
                protobuf::<ExportMetricsServiceRequest>(message)
            }
        }
    }

    fn message(&self, signal: Signal) -> Value {
        let resource = json!({"attributes": [
            text("service.name", PAGE),
            text("browser.language", "de-CH"),
        ]});
        let scope = json!({"name": "page"});
        match signal {
            Signal::Traces => json!({"resourceSpans": [
                {"resource": resource, "scopeSpans": [{"scope": scope, "spans": self.spans()}]},
            ]}),
            Signal::Logs => json!({"resourceLogs": [
                {"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": [self.record()]}]},
            ]}),
            Signal::Metrics => json!({"resourceMetrics": [
                {"resource": resource, "scopeMetrics": [{"scope": scope, "metrics": [self.metric()]}]},
            ]}),
        }
    }

    fn spans(&self) -> Value {
        json!([
            {
                "traceId": self.trace_id, "spanId": self.click_id, "name": "click", "kind": 1,
                "startTimeUnixNano": self.at(0), "endTimeUnixNano": self.at(90), "flags": 1,
                "attributes": [text("aether.route", "/Übersicht/:id")],
            },
            {
                "traceId": self.trace_id, "spanId": self.send_id, "parentSpanId": self.click_id,
                "name": "send terminal:create", "kind": 3, "flags": 1,
                "startTimeUnixNano": self.at(1), "endTimeUnixNano": self.at(80),
                "attributes": [
                    text("messaging.system", "socketio"),
                    {"key": "messaging.message.body.size", "value": {"intValue": "9007199254740993"}},
                    {"key": "socketio.ack", "value": {"boolValue": true}},
                    {"key": "socketio.buffered_ms", "value": {"doubleValue": 0.5}},
                ],
                "events": [{"name": "slow reply", "timeUnixNano": self.at(70)}],
            },
        ])
    }

    fn record(&self) -> Value {
        json!({
            "timeUnixNano": self.at(2), "observedTimeUnixNano": self.at(2),
            "severityNumber": 13, "severityText": "WARN",
            "body": {"stringValue": "the reply is slow"},
            "traceId": self.trace_id, "spanId": self.send_id,
        })
    }

    fn metric(&self) -> Value {
        json!({
            "name": "socketio.reconnects", "unit": "{reconnect}",
            "sum": {
                "aggregationTemporality": 1, "isMonotonic": true,
                "dataPoints": [{
                    "startTimeUnixNano": self.at(0), "timeUnixNano": self.at(90), "asInt": "3",
                    // Tells this page's point from those of other tests.
                    "attributes": [text("session.id", &self.trace_id)],
                }],
            },
        })
    }

    /// Milliseconds after the click; 64-bit numbers are text in OTLP's JSON.
    fn at(&self, milliseconds: u64) -> String {
        (self.started + milliseconds * 1_000_000).to_string()
    }
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

fn protobuf<M: Message + DeserializeOwned>(message: Value) -> Vec<u8> {
    let message: M = serde_json::from_value(message).expect("the page's message is OTLP");
    message.encode_to_vec()
}

/// 16 hexadecimal digits, practically never all zero and never the same twice.
fn random_id() -> String {
    format!("{:016x}", RandomState::new().hash_one(nanos_since_1970()))
}

fn nanos_since_1970() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::try_from(now.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings_say_the_same() {
        let click = Click::now();
        let body = click.request(Signal::Traces, Encoding::Protobuf);
        let decoded = ExportTraceServiceRequest::decode(&body[..]).unwrap();
        let again = serde_json::to_value(&decoded).unwrap();
        let spans = crate::otlp_json::spans(&again);
        assert_eq!(
            spans,
            crate::otlp_json::spans(&click.message(Signal::Traces))
        );
        let expected =
            format!("{PAGE}: click [internal]\n  {PAGE}: send terminal:create [client]\n");
        assert_eq!(crate::span::tree(&spans), expected);
        for signal in [Signal::Logs, Signal::Metrics] {
            assert!(!click.request(signal, Encoding::Protobuf).is_empty());
        }
    }
}
