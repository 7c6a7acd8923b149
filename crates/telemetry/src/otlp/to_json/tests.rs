use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Histogram, HistogramDataPoint, Metric,
    ResourceMetrics, ScopeMetrics, exponential_histogram_data_point::Buckets,
};
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::prelude::*;
use prost::Message as _;
use serde_json::{Value, json};

use super::*;
use crate::otlp::json::to_protobuf;
use crate::otlp::testing::attribute;

fn traces(span: Span) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: vec![span],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn span() -> Span {
    Span {
        trace_id: vec![0xab; 16],
        span_id: vec![1; 8],
        flags: 0x101,
        name: "a \"name\"\n".to_owned(),
        kind: 2,
        start_time_unix_nano: u64::MAX,
        attributes: vec![
            attribute("i", Any::IntValue(-7)),
            attribute("b", Any::BoolValue(false)),
            attribute("d", Any::DoubleValue(f64::NEG_INFINITY)),
            attribute("y", Any::BytesValue(vec![0xff, 0])),
            attribute("e", Any::ArrayValue(ArrayValue { values: vec![] })),
        ],
        events: vec![Event::default(), Event::default()],
        status: Some(Status {
            message: String::new(),
            code: 2,
        }),
        ..Span::default()
    }
}

#[test]
fn a_span_is_written_as_the_specification_says() {
    let written = to_json(Signal::Traces, &traces(span()).encode_to_vec()).unwrap();
    assert!(!written.contains('\n'), "{written}");
    let written: Value = serde_json::from_str(&written).unwrap();
    let expected = json!({
        "traceId": "abababababababababababababababab",
        "spanId": "0101010101010101",
        "flags": 257,
        "name": "a \"name\"\n",
        "kind": 2,
        "startTimeUnixNano": "18446744073709551615",
        "attributes": [
            {"key": "i", "value": {"intValue": "-7"}},
            {"key": "b", "value": {"boolValue": false}},
            {"key": "d", "value": {"doubleValue": "-Infinity"}},
            {"key": "y", "value": {"bytesValue": "/wA="}},
            {"key": "e", "value": {"arrayValue": {}}},
        ],
        "events": [{}, {}],
        "status": {"code": 2},
    });
    assert_eq!(
        written["resourceSpans"][0]["scopeSpans"][0]["spans"][0],
        expected
    );
}

#[test]
fn histograms_come_back() {
    let point = HistogramDataPoint {
        count: 3,
        sum: Some(1.5),
        bucket_counts: vec![1, 2, 0],
        explicit_bounds: vec![0.1, 1e300],
        min: Some(-0.25),
        ..HistogramDataPoint::default()
    };
    let exponential = ExponentialHistogramDataPoint {
        scale: -3,
        positive: Some(Buckets {
            offset: -12,
            bucket_counts: vec![u64::MAX, 1],
        }),
        ..ExponentialHistogramDataPoint::default()
    };
    let metric = |data| Metric {
        name: "m".to_owned(),
        data: Some(data),
        ..Metric::default()
    };
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics: vec![ScopeMetrics {
                metrics: vec![
                    metric(Data::Histogram(Histogram {
                        data_points: vec![point],
                        aggregation_temporality: 1,
                    })),
                    metric(Data::ExponentialHistogram(ExponentialHistogram {
                        data_points: vec![exponential],
                        aggregation_temporality: 2,
                    })),
                ],
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    };
    let json = to_json(Signal::Metrics, &request.encode_to_vec()).unwrap();
    let back = to_protobuf(Signal::Metrics, json.as_bytes()).unwrap();
    let back = ExportMetricsServiceRequest::decode(&*back).unwrap();
    assert_eq!(back, request, "{json}");
}

#[test]
fn what_is_no_request_is_malformed_and_depth_is_bounded() {
    let mut deep = attribute("a", Any::BoolValue(true));
    for _ in 0..100 {
        let value = deep.value.take();
        let values = value.into_iter().collect();
        deep = attribute("a", Any::ArrayValue(ArrayValue { values }));
    }
    let nested = Span {
        attributes: vec![deep],
        ..Span::default()
    };
    for bad in [
        traces(nested).encode_to_vec(),
        b"\x0a\x05ab".to_vec(),
        // The resource spans as a number.
        b"\x08\x01".to_vec(),
    ] {
        assert_eq!(to_json(Signal::Traces, &bad), Err(Malformed));
    }
    assert_eq!(to_json(Signal::Logs, b"").as_deref(), Ok("{}"));
}

fn value() -> impl Strategy<Value = Any> {
    let leaf = prop_oneof![
        any::<String>().prop_map(Any::StringValue),
        any::<i64>().prop_map(Any::IntValue),
        any::<bool>().prop_map(Any::BoolValue),
        // Every finite double; `NaN` differs from itself.
        prop::num::f64::NORMAL.prop_map(Any::DoubleValue),
        prop::num::f64::SUBNORMAL.prop_map(Any::DoubleValue),
        any::<Vec<u8>>().prop_map(Any::BytesValue),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let value = inner.prop_map(|value| AnyValue { value: Some(value) });
        let values = prop::collection::vec(value, 0..4);
        values.prop_map(|values| Any::ArrayValue(ArrayValue { values }))
    })
}

proptest! {
    #[test]
    fn the_two_translations_undo_each_other(value in value(), start: u64, name: String, flags: u32) {
        let request = traces(Span {
            attributes: vec![attribute("k", value)],
            start_time_unix_nano: start,
            name,
            flags,
            ..span()
        });
        let json = to_json(Signal::Traces, &request.encode_to_vec()).unwrap();
        let back = to_protobuf(Signal::Traces, json.as_bytes()).unwrap();
        prop_assert_eq!(ExportTraceServiceRequest::decode(&*back).unwrap(), request);
    }

    #[test]
    fn arbitrary_bytes_end_without_a_panic(bytes: Vec<u8>) {
        for signal in Signal::ALL {
            let _ = to_json(signal, &bytes);
        }
    }
}

/// Protobuf merges a message that comes several times.
/// <https://protobuf.dev/programming-guides/encoding/#last-one-wins>
#[test]
fn a_message_in_pieces_is_written_whole() {
    let points = |count| {
        let histogram = Histogram {
            data_points: vec![HistogramDataPoint {
                count,
                ..HistogramDataPoint::default()
            }],
            ..Histogram::default()
        };
        Metric {
            data: Some(Data::Histogram(histogram)),
            ..Metric::default()
        }
        .encode_to_vec()
    };
    let framed = |number: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).unwrap();
        [&[number << 3 | 2, length], content].concat()
    };
    let metric = framed(2, &[points(1), points(2)].concat());
    let request = framed(1, &framed(2, &metric));
    let written = to_json(Signal::Metrics, &request).unwrap();
    let written: Value = serde_json::from_str(&written).unwrap();
    let metric = &written["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0];
    let points = json!([{"count": "1"}, {"count": "2"}]);
    assert_eq!(metric["histogram"]["dataPoints"], points);
}
