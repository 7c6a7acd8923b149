use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric::Data,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::prelude::*;
use prost::Message;

use super::*;

/// Cuts until nothing can be cut any more; checks the counts on the way.
fn crumble(signal: Signal, request: &[u8]) -> Vec<Vec<u8>> {
    let items = count::items(signal, request).unwrap();
    let Some(halves) = halve(signal, request).unwrap() else {
        assert!(items < 2);
        return vec![request.to_vec()];
    };
    assert_eq!(halves[0].items + halves[1].items, items);
    assert!(halves[0].items.abs_diff(halves[1].items) <= 1);
    let mut crumbs = Vec::new();
    for half in halves {
        assert_eq!(count::items(signal, &half.body).unwrap(), half.items);
        crumbs.extend(crumble(signal, &half.body));
    }
    crumbs
}

/// An item with everything it belongs to.
type Placed = (u32, String, String, u64);

fn resource(number: u32) -> Option<Resource> {
    Some(Resource {
        dropped_attributes_count: number,
        ..Resource::default()
    })
}

fn scope(name: &str) -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: name.to_owned(),
        ..InstrumentationScope::default()
    })
}

/// How many items each scope of each resource has.
type Shape = Vec<Vec<u8>>;

fn shape() -> impl Strategy<Value = Shape> {
    prop::collection::vec(prop::collection::vec(0u8..6, 0..4), 0..4)
}

fn traces(shape: &Shape) -> Vec<u8> {
    let mut next = 0;
    let resources = shape.iter().enumerate().map(|(at, scopes)| {
        let scopes = scopes.iter().enumerate().map(|(at, items)| ScopeSpans {
            scope: scope(&format!("scope {at}")),
            schema_url: "inner".to_owned(),
            spans: (0..*items)
                .map(|_| {
                    next += 1;
                    Span {
                        start_time_unix_nano: next,
                        ..Span::default()
                    }
                })
                .collect(),
        });
        ResourceSpans {
            resource: resource(u32::try_from(at).unwrap()),
            scope_spans: scopes.collect(),
            schema_url: "outer".to_owned(),
        }
    });
    let request = ExportTraceServiceRequest {
        resource_spans: resources.collect(),
    };
    request.encode_to_vec()
}

fn placed_spans(request: &[u8]) -> Vec<Placed> {
    let request = ExportTraceServiceRequest::decode(request).unwrap();
    let mut placed = Vec::new();
    for outer in request.resource_spans {
        for inner in outer.scope_spans {
            for span in inner.spans {
                placed.push((
                    outer.resource.as_ref().unwrap().dropped_attributes_count,
                    inner.scope.as_ref().unwrap().name.clone(),
                    format!("{} {}", outer.schema_url, inner.schema_url),
                    span.start_time_unix_nano,
                ));
            }
        }
    }
    placed
}

fn logs(shape: &Shape) -> Vec<u8> {
    let mut next = 0;
    let resources = shape.iter().map(|scopes| ResourceLogs {
        scope_logs: scopes
            .iter()
            .map(|items| ScopeLogs {
                log_records: (0..*items)
                    .map(|_| {
                        next += 1;
                        LogRecord {
                            time_unix_nano: next,
                            ..LogRecord::default()
                        }
                    })
                    .collect(),
                ..ScopeLogs::default()
            })
            .collect(),
        ..ResourceLogs::default()
    });
    let request = ExportLogsServiceRequest {
        resource_logs: resources.collect(),
    };
    request.encode_to_vec()
}

fn placed_logs(request: &[u8]) -> Vec<u64> {
    let request = ExportLogsServiceRequest::decode(request).unwrap();
    let outer = request.resource_logs.into_iter();
    let inner = outer.flat_map(|resource| resource.scope_logs);
    let records = inner.flat_map(|scope| scope.log_records);
    records.map(|record| record.time_unix_nano).collect()
}

/// One metric per number, a sum or a gauge by turns, with so many points.
fn metrics(shape: &Shape) -> Vec<u8> {
    let mut next = 0;
    let resources = shape.iter().enumerate().map(|(at, metrics)| {
        let metrics = metrics.iter().enumerate().map(|(at, items)| {
            let points = (0..*items).map(|_| {
                next += 1;
                NumberDataPoint {
                    time_unix_nano: next,
                    ..NumberDataPoint::default()
                }
            });
            let data_points = points.collect();
            let data = if at % 2 == 0 {
                Data::Gauge(Gauge { data_points })
            } else {
                Data::Sum(Sum {
                    data_points,
                    aggregation_temporality: 2,
                    is_monotonic: true,
                })
            };
            Metric {
                name: format!("metric {at}"),
                unit: "By".to_owned(),
                data: Some(data),
                ..Metric::default()
            }
        });
        ResourceMetrics {
            resource: resource(u32::try_from(at).unwrap()),
            scope_metrics: vec![ScopeMetrics {
                scope: scope("one"),
                metrics: metrics.collect(),
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }
    });
    let request = ExportMetricsServiceRequest {
        resource_metrics: resources.collect(),
    };
    request.encode_to_vec()
}

fn placed_points(request: &[u8]) -> Vec<Placed> {
    let request = ExportMetricsServiceRequest::decode(request).unwrap();
    let mut placed = Vec::new();
    for outer in request.resource_metrics {
        for metric in outer.scope_metrics.into_iter().flat_map(|s| s.metrics) {
            let (kind, points) = match metric.data {
                Some(Data::Gauge(gauge)) => ("gauge".to_owned(), gauge.data_points),
                Some(Data::Sum(sum)) => (
                    format!("{} {}", sum.aggregation_temporality, sum.is_monotonic),
                    sum.data_points,
                ),
                other => panic!("a metric lost its kind: {other:?}"),
            };
            for point in points {
                placed.push((
                    outer.resource.as_ref().unwrap().dropped_attributes_count,
                    format!("{} {}", metric.name, metric.unit),
                    kind.clone(),
                    point.time_unix_nano,
                ));
            }
        }
    }
    placed
}

proptest! {
    #[test]
    fn the_parts_of_traces_are_the_whole(shape in shape()) {
        let whole = traces(&shape);
        let parts = crumble(Signal::Traces, &whole);
        let found: Vec<_> = parts.iter().flat_map(|part| placed_spans(part)).collect();
        prop_assert_eq!(found, placed_spans(&whole));
    }

    #[test]
    fn the_parts_of_logs_are_the_whole(shape in shape()) {
        let whole = logs(&shape);
        let parts = crumble(Signal::Logs, &whole);
        let found: Vec<_> = parts.iter().flat_map(|part| placed_logs(part)).collect();
        prop_assert_eq!(found, placed_logs(&whole));
    }

    #[test]
    fn the_parts_of_metrics_are_the_whole(shape in shape()) {
        let whole = metrics(&shape);
        let parts = crumble(Signal::Metrics, &whole);
        let found: Vec<_> = parts.iter().flat_map(|part| placed_points(part)).collect();
        prop_assert_eq!(found, placed_points(&whole));
    }

    #[test]
    fn rubbish_is_refused_without_a_panic(bytes: Vec<u8>) {
        for signal in Signal::ALL {
            let _ = halve(signal, &bytes);
        }
    }
}

#[test]
fn unknown_fields_go_into_both_halves() {
    let mut request = traces(&vec![vec![2]]);
    put_bytes(&mut request, 99, b"unknown");
    let halves = halve(Signal::Traces, &request).unwrap().unwrap();
    for half in halves {
        assert!(half.body.ends_with(b"unknown"));
        assert_eq!(half.items, 1);
    }
}
