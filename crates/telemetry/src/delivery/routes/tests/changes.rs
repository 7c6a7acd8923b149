//! Rules that change attributes.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint,
    metric::Data,
};

use super::*;

fn decoded(plan: &Plan, to: u32) -> ExportTraceServiceRequest {
    let part = plan.parts.iter().find(|part| part.to & to != 0).unwrap();
    ExportTraceServiceRequest::decode(part.body.clone()).unwrap()
}

#[test]
fn a_change_is_seen_behind_its_rule_only() {
    let mark = |name: &str, value: &str| Route::new(name).set("mark", value);
    let rules = rules([
        Route::new("raw").to(["a"]).and_on(),
        mark("one", "1"),
        Route::new("first").to(["b"]).and_on(),
        mark("two", "2"),
        Route::new("second").to(["c"]),
    ]);
    let body = shop();
    let plan = plan(&rules, &body);
    let raw = plan.parts.iter().find(|part| part.to == A).unwrap();
    assert_eq!(raw.body.as_ptr(), body.as_ptr(), "no change, no copy");
    for (to, value) in [(B, "1"), (C, "2")] {
        let request = decoded(&plan, to);
        let before = ExportTraceServiceRequest::decode(body.clone()).unwrap();
        for (after, before) in request.resource_spans.iter().zip(&before.resource_spans) {
            assert_eq!(after.resource, before.resource);
            let after = after.scope_spans.iter().flat_map(|scope| &scope.spans);
            let before = before.scope_spans.iter().flat_map(|scope| &scope.spans);
            for (after, before) in after.zip(before) {
                let mut expected = before.clone();
                expected.attributes.push(text("mark", value));
                assert_eq!(*after, expected, "nothing else is changed");
            }
        }
    }
}

#[test]
fn items_whose_resource_is_changed_get_one_of_their_own() {
    let rule = Route::new("errors")
        .when(Subject::Status, Test::equals("error"))
        .change(Owner::Resource, Wanted::Set("tier".into(), "gold".into()));
    let request = decoded(&plan(&rules([rule]), &shop()), A);
    let mut found = Vec::new();
    for resource in request.resource_spans {
        let attributes = resource.resource.unwrap().attributes;
        let gold = attributes.contains(&text("tier", "gold"));
        let spans = resource
            .scope_spans
            .into_iter()
            .flat_map(|scope| scope.spans);
        found.extend(spans.map(|span| (span.name, gold, attributes[0].clone())));
    }
    let mut expected: Vec<_> = [
        ("click", false, "shop"),
        ("POST /pay", true, "pay"),
        ("GET /list", false, "pay"),
        ("GET /health", false, "own"),
    ]
    .map(|(name, gold, service)| (name.to_owned(), gold, text("service.name", service)))
    .to_vec();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(found, expected);
}

#[test]
fn a_resource_can_be_made_and_emptied() {
    let rules = rules([Route::new("all")
        .change(Owner::Resource, Wanted::Delete("*".into()))
        .change(Owner::Resource, Wanted::Set("only".into(), true.into()))]);
    let none = ResourceSpans {
        resource: None,
        ..resource(vec![], vec![("s", vec![span("x")])])
    };
    let some = resource(vec![text("a", "b")], vec![("s", vec![span("y")])]);
    let request = decoded(&plan(&rules, &encode(vec![none, some])), A);
    for resource in request.resource_spans {
        let attributes = resource.resource.unwrap().attributes;
        assert_eq!(attributes, [attribute("only", Any::BoolValue(true))]);
    }
}

/// How the attributes of the first point are found.
type Find = fn(&Data) -> Vec<KeyValue>;

fn points() -> Vec<(Data, Find)> {
    let attributes = || vec![text("user", "ann"), text("kept", "yes")];
    let number = || NumberDataPoint {
        attributes: attributes(),
        ..NumberDataPoint::default()
    };
    vec![
        (
            Data::Gauge(Gauge {
                data_points: vec![number()],
            }),
            |data| match data {
                Data::Gauge(gauge) => gauge.data_points[0].attributes.clone(),
                _ => panic!("{data:?}"),
            },
        ),
        (
            Data::Sum(Sum {
                data_points: vec![number()],
                ..Sum::default()
            }),
            |data| match data {
                Data::Sum(sum) => sum.data_points[0].attributes.clone(),
                _ => panic!("{data:?}"),
            },
        ),
        (
            Data::Histogram(Histogram {
                data_points: vec![HistogramDataPoint {
                    attributes: attributes(),
                    ..HistogramDataPoint::default()
                }],
                ..Histogram::default()
            }),
            |data| match data {
                Data::Histogram(histogram) => histogram.data_points[0].attributes.clone(),
                _ => panic!("{data:?}"),
            },
        ),
        (
            Data::ExponentialHistogram(ExponentialHistogram {
                data_points: vec![ExponentialHistogramDataPoint {
                    attributes: attributes(),
                    ..ExponentialHistogramDataPoint::default()
                }],
                ..ExponentialHistogram::default()
            }),
            |data| match data {
                Data::ExponentialHistogram(histogram) => {
                    histogram.data_points[0].attributes.clone()
                }
                _ => panic!("{data:?}"),
            },
        ),
        (
            Data::Summary(Summary {
                data_points: vec![SummaryDataPoint {
                    attributes: attributes(),
                    ..SummaryDataPoint::default()
                }],
            }),
            |data| match data {
                Data::Summary(summary) => summary.data_points[0].attributes.clone(),
                _ => panic!("{data:?}"),
            },
        ),
    ]
}

#[test]
fn points_of_every_kind_are_found_and_changed() {
    for (data, attributes) in points() {
        let metric = Metric {
            name: "requests".to_owned(),
            data: Some(data),
            ..Metric::default()
        };
        let request = ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                scope_metrics: vec![ScopeMetrics {
                    metrics: vec![metric],
                    ..ScopeMetrics::default()
                }],
                ..ResourceMetrics::default()
            }],
        };
        let rule = Route::new("rule")
            .when(Subject::Name, Test::equals("requests"))
            .when(Subject::Attribute("user".into()), Test::equals("ann"))
            .delete("user")
            .to(["b"]);
        let body = request.encode_to_vec().into();
        let plan = rules([rule]).plan(Signal::Metrics, &body, 1).unwrap();
        assert_eq!((plan.parts.len(), plan.parts[0].to), (1, B));
        let after = ExportMetricsServiceRequest::decode(plan.parts[0].body.clone()).unwrap();
        let metric = &after.resource_metrics[0].scope_metrics[0].metrics[0];
        let data = metric.data.as_ref().unwrap();
        assert_eq!(attributes(data), [text("kept", "yes")]);
    }
}
