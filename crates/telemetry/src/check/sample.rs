//! The items that a check sends: valid, tiny, and named so that nobody takes them for real ones.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use opentelemetry::{Key, TraceId};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource as ProtoResource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, span::SpanKind};
use opentelemetry_sdk::Resource;
use prost::Message;

use crate::Signal;

/// Name of the span, and text of the log record.
const NAME: &str = "telemetry check";

/// The service in whose name items are sent.
pub(super) fn service_name(resource: &Resource) -> String {
    let name = resource.get(&Key::from_static_str("service.name"));
    name.map_or_else(String::new, |name| name.to_string())
}

/// A request with one item, in protobuf. The span is a root of that trace.
pub(super) fn request(signal: Signal, resource: &Resource, trace: TraceId) -> Bytes {
    let trace_id = trace.to_bytes().to_vec();
    // The first half of the trace's id is as random as any, and tells the span from others.
    let span_id = trace_id[..8].to_vec();
    let resource = Some(proto(resource));
    let scope = Some(InstrumentationScope {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    });
    let now = now();
    let encoded = match signal {
        Signal::Traces => {
            let span = Span {
                trace_id,
                span_id,
                name: NAME.to_owned(),
                kind: SpanKind::Internal.into(),
                start_time_unix_nano: now.saturating_sub(1_000_000),
                end_time_unix_nano: now,
                attributes: vec![mark()],
                ..Span::default()
            };
            let scope_spans = vec![ScopeSpans {
                scope,
                spans: vec![span],
                ..ScopeSpans::default()
            }];
            let resource_spans = vec![ResourceSpans {
                resource,
                scope_spans,
                ..ResourceSpans::default()
            }];
            ExportTraceServiceRequest { resource_spans }.encode_to_vec()
        }
        Signal::Logs => {
            let record = LogRecord {
                time_unix_nano: now,
                observed_time_unix_nano: now,
                severity_number: SeverityNumber::Info.into(),
                severity_text: "INFO".to_owned(),
                body: Some(AnyValue {
                    value: Some(Value::StringValue(NAME.to_owned())),
                }),
                attributes: vec![mark()],
                trace_id,
                span_id,
                ..LogRecord::default()
            };
            let scope_logs = vec![ScopeLogs {
                scope,
                log_records: vec![record],
                ..ScopeLogs::default()
            }];
            let resource_logs = vec![ResourceLogs {
                resource,
                scope_logs,
                ..ResourceLogs::default()
            }];
            ExportLogsServiceRequest { resource_logs }.encode_to_vec()
        }
        Signal::Metrics => {
            let point = NumberDataPoint {
                time_unix_nano: now,
                value: Some(number_data_point::Value::AsInt(1)),
                ..NumberDataPoint::default()
            };
            let metric = Metric {
                name: "aether.telemetry.check".to_owned(),
                description: "1 whenever somebody checks the destinations of telemetry".to_owned(),
                unit: "1".to_owned(),
                // Gauges have no temporality, about which backends differ.
                data: Some(Data::Gauge(Gauge {
                    data_points: vec![point],
                })),
                ..Metric::default()
            };
            let scope_metrics = vec![ScopeMetrics {
                scope,
                metrics: vec![metric],
                ..ScopeMetrics::default()
            }];
            let resource_metrics = vec![ResourceMetrics {
                resource,
                scope_metrics,
                ..ResourceMetrics::default()
            }];
            ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
        }
    };
    encoded.into()
}

fn proto(resource: &Resource) -> ProtoResource {
    let attributes = resource.iter().map(|(key, value)| KeyValue {
        key: key.as_str().to_owned(),
        value: Some(AnyValue::from(value.clone())),
        ..KeyValue::default()
    });
    ProtoResource {
        attributes: attributes.collect(),
        ..ProtoResource::default()
    }
}

fn mark() -> KeyValue {
    KeyValue {
        key: "aether.check".to_owned(),
        value: Some(AnyValue {
            value: Some(Value::BoolValue(true)),
        }),
        ..KeyValue::default()
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::{count, validate};

    #[test]
    fn every_request_is_valid_and_holds_one_item() {
        let resource = Resource::builder_empty().with_service_name("shop").build();
        assert_eq!(service_name(&resource), "shop");
        let trace = TraceId::from_bytes([7; 16]);
        for signal in Signal::ALL {
            let request = request(signal, &resource, trace);
            assert_eq!(count::items(signal, &request), Ok(1), "{signal}");
            assert_eq!(validate::check(signal, &request), Ok(1));
        }
    }
}
