use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, exemplar, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;

use super::*;

fn any(value: Any) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn attributes() -> Vec<KeyValue> {
    let attribute = |key: &str, value| KeyValue {
        key: key.to_owned(),
        value: Some(any(value)),
        ..KeyValue::default()
    };
    let list = vec![
        any(Any::StringValue("a".to_owned())),
        any(Any::IntValue(-1)),
    ];
    let inner = vec![attribute("inner", Any::BoolValue(false))];
    vec![
        attribute("text", Any::StringValue("ü\"".to_owned())),
        attribute("yes", Any::BoolValue(true)),
        attribute("zero", Any::IntValue(0)),
        attribute("large", Any::IntValue(i64::MIN)),
        attribute("half", Any::DoubleValue(0.5)),
        attribute("list", Any::ArrayValue(ArrayValue { values: list })),
        attribute("map", Any::KvlistValue(KeyValueList { values: inner })),
        attribute("bytes", Any::BytesValue(vec![0, 255, 7])),
    ]
}

fn resource() -> Option<Resource> {
    Some(Resource {
        attributes: attributes(),
        dropped_attributes_count: 1,
        ..Resource::default()
    })
}

fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: "scope".to_owned(),
        version: "1".to_owned(),
        attributes: attributes(),
        dropped_attributes_count: 2,
    })
}

fn traces() -> ExportTraceServiceRequest {
    let span = Span {
        trace_id: vec![0xab; 16],
        span_id: vec![0xcd; 8],
        trace_state: "a=b".to_owned(),
        parent_span_id: vec![1; 8],
        flags: 0x101,
        name: "span".to_owned(),
        kind: 3,
        start_time_unix_nano: u64::MAX,
        end_time_unix_nano: 2,
        attributes: attributes(),
        dropped_attributes_count: 3,
        events: vec![Event {
            time_unix_nano: 4,
            name: "event".to_owned(),
            attributes: attributes(),
            dropped_attributes_count: 5,
        }],
        dropped_events_count: 6,
        links: vec![Link {
            trace_id: vec![7; 16],
            span_id: vec![8; 8],
            trace_state: "c=d".to_owned(),
            attributes: attributes(),
            dropped_attributes_count: 9,
            flags: 10,
        }],
        dropped_links_count: 11,
        status: Some(Status {
            message: "bad".to_owned(),
            code: 2,
        }),
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: resource(),
            scope_spans: vec![ScopeSpans {
                scope: scope(),
                spans: vec![span],
                schema_url: "s".to_owned(),
            }],
            schema_url: "r".to_owned(),
        }],
    }
}

fn logs() -> ExportLogsServiceRequest {
    let record = LogRecord {
        time_unix_nano: 1,
        observed_time_unix_nano: 2,
        severity_number: 9,
        severity_text: "INFO".to_owned(),
        body: Some(any(Any::StringValue("hello".to_owned()))),
        attributes: attributes(),
        dropped_attributes_count: 3,
        flags: 1,
        trace_id: vec![4; 16],
        span_id: vec![5; 8],
        event_name: "event".to_owned(),
    };
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: resource(),
            scope_logs: vec![ScopeLogs {
                scope: scope(),
                log_records: vec![record],
                schema_url: String::new(),
            }],
            schema_url: "r".to_owned(),
        }],
    }
}

fn metrics() -> ExportMetricsServiceRequest {
    let exemplars = vec![Exemplar {
        filtered_attributes: attributes(),
        time_unix_nano: 1,
        span_id: vec![2; 8],
        trace_id: vec![3; 16],
        value: Some(exemplar::Value::AsInt(-4)),
    }];
    let number = |value| NumberDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        exemplars: exemplars.clone(),
        flags: 1,
        value: Some(value),
    };
    let histogram = HistogramDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 3,
        sum: Some(4.5),
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![0.5],
        exemplars: exemplars.clone(),
        flags: 1,
        min: Some(0.0),
        max: Some(9.0),
    };
    let buckets = |offset| {
        Some(Buckets {
            offset,
            bucket_counts: vec![0, 300],
        })
    };
    let exponential = ExponentialHistogramDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 3,
        sum: Some(-4.5),
        scale: -5,
        zero_count: 6,
        positive: buckets(-7),
        negative: buckets(8),
        flags: 1,
        exemplars: exemplars.clone(),
        min: Some(-1.0),
        max: Some(2.0),
        zero_threshold: 0.25,
    };
    let summary = SummaryDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 3,
        sum: 4.0,
        quantile_values: vec![ValueAtQuantile {
            quantile: 0.5,
            value: 6.0,
        }],
        flags: 1,
    };
    let metric = |data| Metric {
        name: "name".to_owned(),
        description: "description".to_owned(),
        unit: "s".to_owned(),
        metadata: attributes(),
        data: Some(data),
    };
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: resource(),
            scope_metrics: vec![ScopeMetrics {
                scope: scope(),
                metrics: vec![
                    metric(metric::Data::Gauge(Gauge {
                        data_points: vec![number(number_data_point::Value::AsDouble(1.5))],
                    })),
                    metric(metric::Data::Sum(Sum {
                        data_points: vec![
                            number(number_data_point::Value::AsInt(7)),
                            number(number_data_point::Value::AsInt(8)),
                        ],
                        aggregation_temporality: 2,
                        is_monotonic: true,
                    })),
                    metric(metric::Data::Histogram(Histogram {
                        data_points: vec![histogram],
                        aggregation_temporality: 1,
                    })),
                    metric(metric::Data::ExponentialHistogram(ExponentialHistogram {
                        data_points: vec![exponential],
                        aggregation_temporality: 1,
                    })),
                    metric(metric::Data::Summary(Summary {
                        data_points: vec![summary],
                    })),
                ],
                schema_url: "s".to_owned(),
            }],
            schema_url: "r".to_owned(),
        }],
    }
}

/// The generated types write JSON that is close enough to OTLP's to check the tables with: every
/// field they know is set above, so a wrong name or number shows as a difference.
#[test]
fn every_field_of_the_generated_types_comes_through() {
    let json = serde_json::to_vec(&traces()).unwrap();
    let bytes = to_protobuf(Signal::Traces, &json).unwrap();
    assert_eq!(
        ExportTraceServiceRequest::decode(&*bytes).unwrap(),
        traces()
    );

    let json = serde_json::to_vec(&logs()).unwrap();
    let bytes = to_protobuf(Signal::Logs, &json).unwrap();
    assert_eq!(ExportLogsServiceRequest::decode(&*bytes).unwrap(), logs());

    let json = serde_json::to_vec(&metrics()).unwrap();
    let bytes = to_protobuf(Signal::Metrics, &json).unwrap();
    let decoded = ExportMetricsServiceRequest::decode(&*bytes).unwrap();
    assert_eq!(decoded, metrics());
}

#[test]
fn items_are_counted_without_decoding() {
    use crate::otlp::count::items;
    assert_eq!(items(Signal::Traces, &traces().encode_to_vec()), Ok(1));
    assert_eq!(items(Signal::Logs, &logs().encode_to_vec()), Ok(1));
    assert_eq!(items(Signal::Metrics, &metrics().encode_to_vec()), Ok(6));
    assert_eq!(items(Signal::Metrics, b""), Ok(0));
}

fn span(json: &str) -> Result<Span, String> {
    let request = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{json}]}}]}}]}}"#);
    let bytes = to_protobuf(Signal::Traces, request.as_bytes())?;
    let request = ExportTraceServiceRequest::decode(&*bytes).unwrap();
    Ok(request.resource_spans[0].scope_spans[0].spans[0].clone())
}

fn value(json: &str) -> Result<Option<Any>, String> {
    let span = span(&format!(
        r#"{{"attributes":[{{"key":"k","value":{json}}}]}}"#
    ))?;
    Ok(span.attributes[0].value.clone().and_then(|any| any.value))
}

#[test]
fn what_the_generated_types_refuse_is_taken() {
    let empty_list = Any::ArrayValue(ArrayValue::default());
    assert_eq!(value(r#"{"arrayValue":{}}"#), Ok(Some(empty_list)));
    let empty_map = Any::KvlistValue(KeyValueList::default());
    assert_eq!(value(r#"{"kvlistValue":{}}"#), Ok(Some(empty_map)));
    assert_eq!(value("{}"), Ok(None));
    assert!(span(r#"{"attributes":null,"status":null,"name":null}"#).is_ok());
    let Ok(Some(Any::DoubleValue(number))) = value(r#"{"doubleValue":"NaN"}"#) else {
        panic!("NaN is a double");
    };
    assert!(number.is_nan());
    let infinity = Any::DoubleValue(f64::NEG_INFINITY);
    assert_eq!(value(r#"{"doubleValue":"-Infinity"}"#), Ok(Some(infinity)));
    assert_eq!(
        value(r#"{"doubleValue":1}"#),
        Ok(Some(Any::DoubleValue(1.0)))
    );
    for seven in [r#""7""#, "7", "7.0", "0.7e1"] {
        let found = value(&format!(r#"{{"intValue":{seven}}}"#));
        assert_eq!(found, Ok(Some(Any::IntValue(7))), "{seven}");
    }
}

#[test]
fn names_that_are_not_known_are_ignored() {
    let found = span(r#"{"name":"x","later":{"deep":[1,{"y":null}]},"trace_id":"zz"}"#).unwrap();
    assert_eq!((found.name.as_str(), found.trace_id.len()), ("x", 0));
}

#[test]
fn ids_have_their_exact_length() {
    let id = "5B8EFFF798038103D269B633813FC60C";
    let found = span(&format!(r#"{{"traceId":"{id}","parentSpanId":""}}"#)).unwrap();
    assert_eq!((found.trace_id[0], found.trace_id.len()), (0x5b, 16));
    assert!(found.parent_span_id.is_empty());
    for bad in [
        &id[..16],
        &id[..31],
        &format!("{id}00"),
        "zz8EFFF798038103D269B633813FC60C",
    ] {
        let error = span(&format!(r#"{{"traceId":"{bad}"}}"#)).unwrap_err();
        assert!(error.contains("32 hexadecimal digits"), "{error}");
    }
}

#[test]
fn wrong_types_name_the_field() {
    for (json, expected) in [
        (r#"{"name":1}"#, "a string for `name`"),
        (r#"{"kind":"SPAN_KIND_SERVER"}"#, "names of enumerations"),
        (r#"{"kind":4294967296}"#, "out of range for `kind`"),
        (r#"{"startTimeUnixNano":"-1"}"#, "out of range"),
        (r#"{"startTimeUnixNano":1.5}"#, "64-bit integer"),
        (r#"{"events":{}}"#, "a list for `events`"),
        (r#"{"events":[null]}"#, "an object for `events`"),
        (r#"{"status":[]}"#, "an object for `status`"),
        (
            r#"{"attributes":[{"key":"k","value":{"bytesValue":"*"}}]}"#,
            "base64",
        ),
        (r#"{"name":"#, "expected value"),
    ] {
        let error = span(json).unwrap_err();
        assert!(error.contains(expected), "{json}: {error}");
    }
    assert!(to_protobuf(Signal::Logs, b"[]").is_err());
    assert!(to_protobuf(Signal::Logs, b"{} {}").is_err());
    let deep = "[".repeat(100_000);
    assert!(to_protobuf(Signal::Logs, deep.as_bytes()).is_err());
}
