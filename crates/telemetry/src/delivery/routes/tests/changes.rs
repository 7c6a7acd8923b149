//! Rules that change attributes.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, metric::Data,
};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};

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

/// One point of every kind, with an example where it can have one.
fn points() -> [Data; 5] {
    let attributes = || vec![text("user", "ann"), text("kept", "yes")];
    let exemplars = || {
        vec![Exemplar {
            filtered_attributes: attributes(),
            ..Exemplar::default()
        }]
    };
    let number = || NumberDataPoint {
        attributes: attributes(),
        exemplars: exemplars(),
        ..NumberDataPoint::default()
    };
    [
        Data::Gauge(Gauge {
            data_points: vec![number()],
        }),
        Data::Sum(Sum {
            data_points: vec![number()],
            ..Sum::default()
        }),
        Data::Histogram(Histogram {
            data_points: vec![HistogramDataPoint {
                attributes: attributes(),
                exemplars: exemplars(),
                ..HistogramDataPoint::default()
            }],
            ..Histogram::default()
        }),
        Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![ExponentialHistogramDataPoint {
                attributes: attributes(),
                exemplars: exemplars(),
                ..ExponentialHistogramDataPoint::default()
            }],
            ..ExponentialHistogram::default()
        }),
        Data::Summary(Summary {
            data_points: vec![SummaryDataPoint {
                attributes: attributes(),
                ..SummaryDataPoint::default()
            }],
        }),
    ]
}

/// The attributes of the point and of its examples.
fn lists(data: Data) -> (Vec<KeyValue>, Vec<Exemplar>) {
    match data {
        Data::Gauge(Gauge { mut data_points })
        | Data::Sum(Sum {
            mut data_points, ..
        }) => {
            let point = data_points.remove(0);
            (point.attributes, point.exemplars)
        }
        Data::Histogram(mut histogram) => {
            let point = histogram.data_points.remove(0);
            (point.attributes, point.exemplars)
        }
        Data::ExponentialHistogram(mut histogram) => {
            let point = histogram.data_points.remove(0);
            (point.attributes, point.exemplars)
        }
        Data::Summary(mut summary) => (summary.data_points.remove(0).attributes, Vec::new()),
    }
}

#[test]
fn points_of_every_kind_are_found_and_changed() {
    for data in points() {
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
        let mut after = ExportMetricsServiceRequest::decode(plan.parts[0].body.clone()).unwrap();
        let metric = after.resource_metrics[0].scope_metrics[0].metrics.remove(0);
        let (attributes, examples) = lists(metric.data.unwrap());
        assert_eq!(attributes, [text("kept", "yes")]);
        for example in examples {
            assert_eq!(example.filtered_attributes, [text("kept", "yes")]);
        }
    }
}

#[test]
fn what_is_not_to_leave_is_looked_for_in_events_and_links() {
    let event = |attributes| Event {
        time_unix_nano: 5,
        name: "exception".to_owned(),
        attributes,
        dropped_attributes_count: 1,
    };
    let link = |attributes| Link {
        trace_id: vec![7; 16],
        attributes,
        flags: 257,
        ..Link::default()
    };
    let before = || {
        vec![
            text("user", "ann"),
            text("card", "4711"),
            text("kept", "yes"),
        ]
    };
    let untouched = || vec![text("kept", "yes")];
    let with = |events, links| Span {
        attributes: before(),
        events,
        links,
        ..span("pay")
    };
    let span = with(
        vec![event(before()), event(untouched())],
        vec![link(untouched()), link(before())],
    );
    let rule = Route::new("private")
        .delete("card")
        .hash("us*")
        .set("kept", "set");
    let body = encode(vec![resource(vec![], vec![("s", vec![span])])]);
    let mut request = decoded(&plan(&rules([rule]), &body), A);
    let after = request.resource_spans[0].scope_spans[0].spans.remove(0);
    let user = after.attributes[0].clone();
    assert_ne!(user, text("user", "ann"));
    assert_eq!(after.attributes, [user.clone(), text("kept", "set")]);
    let changed = || vec![user.clone(), text("kept", "yes")];
    let events = [event(changed()), event(untouched())];
    assert_eq!(after.events, events);
    assert_eq!(after.links, [link(untouched()), link(changed())]);
}
