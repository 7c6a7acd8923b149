//! What the client writes, read with the generated OTLP types.

mod support;

use aether_web_client::Signal;
use aether_web_client::frame::Frame;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};
use opentelemetry_proto::tonic::trace::v1::Span;
use proptest::prelude::*;
use support::{Builder, NOW, SPAN, TRACE, Value, client, drain, plain_span};

fn decoded(value: &Value) -> AnyValue {
    let value = match value {
        Value::String(text) => any_value::Value::StringValue(text.clone()),
        Value::Double(number) => any_value::Value::DoubleValue(*number),
        Value::Int(number) => any_value::Value::IntValue(*number),
        Value::Bool(truth) => any_value::Value::BoolValue(*truth),
        Value::Array(values) => any_value::Value::ArrayValue(ArrayValue {
            values: values.iter().map(decoded).collect(),
        }),
    };
    AnyValue { value: Some(value) }
}

fn pairs(attributes: &[(String, Value)]) -> Vec<KeyValue> {
    let pair = |(key, value): &(String, Value)| KeyValue {
        key: key.clone(),
        value: Some(decoded(value)),
        ..KeyValue::default()
    };
    attributes.iter().map(pair).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn spans(requests: &[ExportTraceServiceRequest]) -> Vec<Span> {
    let resources = requests.iter().flat_map(|request| &request.resource_spans);
    resources
        .flat_map(|resource| &resource.scope_spans)
        .flat_map(|scope| scope.spans.clone())
        .collect()
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<String>().prop_map(Value::String),
        any::<f64>()
            .prop_filter("comparable", |number| !number.is_nan())
            .prop_map(Value::Double),
        (-(1_i64 << 53)..=1 << 53).prop_map(Value::Int),
        any::<bool>().prop_map(Value::Bool),
    ]
}

fn attributes() -> impl Strategy<Value = Vec<(String, Value)>> {
    let value = prop_oneof![4 => scalar(), 1 => prop::collection::vec(scalar(), 0..4).prop_map(Value::Array)];
    prop::collection::vec(("[a-zé😀.]{1,12}", value), 0..12)
}

proptest! {
    #[test]
    fn a_span_arrives_as_it_was_recorded(
        name in any::<String>(),
        kind in 0_i32..=5,
        milliseconds in 0_u32..100_000,
        own in attributes(),
        event in attributes(),
        link in attributes(),
        parent in any::<bool>(),
        failed in any::<bool>(),
    ) {
        let parent = if parent { "05e3ac9a4f6e3b90" } else { "" };
        let ids = Builder::default().number(0.0).string(TRACE).string(SPAN).string(parent);
        let head = ids.number(769.0).string(&name).number(f64::from(kind)).number(NOW).number(f64::from(milliseconds));
        let body = head.attributes(&own).number(3.0);
        let events = body.number(1.0).string("happened").number(NOW + 1.0).attributes(&event).number(5.0).number(4.0);
        let links = events.number(1.0).string(TRACE).string("000000000000000a").attributes(&link).number(7.0).number(6.0);
        let frame = if failed { links.number(1.0).number(2.0).string("because") } else { links.number(0.0) };

        let mut client = client(1 << 20, 0.0);
        frame.frame(|frame| client.record(frame, NOW));
        let requests: Vec<ExportTraceServiceRequest> = drain(&mut client, Signal::Traces);
        let resource = &requests[0].resource_spans[0];
        prop_assert_eq!(&resource.resource.as_ref().unwrap().attributes, &pairs(&[("service.name".into(), Value::String("page".into()))]));
        let scope = resource.scope_spans[0].scope.as_ref().unwrap();
        prop_assert_eq!((scope.name.as_str(), scope.version.as_str()), ("scope", "1.2.3"));

        let found = spans(&requests);
        prop_assert_eq!(found.len(), 1);
        let span = &found[0];
        prop_assert_eq!((hex(&span.trace_id), hex(&span.span_id), hex(&span.parent_span_id)), (TRACE.to_owned(), SPAN.to_owned(), parent.to_owned()));
        prop_assert_eq!((&span.name, span.kind, span.flags), (&name, kind, 769));
        prop_assert_eq!(span.start_time_unix_nano, (NOW * 1e6) as u64);
        prop_assert_eq!(span.end_time_unix_nano - span.start_time_unix_nano, u64::from(milliseconds) * 1_000_000);
        prop_assert_eq!(&span.attributes, &pairs(&own));
        prop_assert_eq!((span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count), (3, 4, 6));
        prop_assert_eq!((span.events[0].dropped_attributes_count, span.links[0].dropped_attributes_count), (5, 7));
        prop_assert_eq!((span.events[0].name.as_str(), &span.events[0].attributes), ("happened", &pairs(&event)));
        prop_assert_eq!((hex(&span.links[0].span_id), &span.links[0].attributes), ("000000000000000a".to_owned(), &pairs(&link)));
        let status = span.status.as_ref().map(|status| (status.code, status.message.as_str()));
        prop_assert_eq!(status, failed.then_some((2, "because")));
    }

    #[test]
    fn hostile_frames_neither_panic_nor_produce_invalid_requests(
        text in any::<String>(),
        numbers in prop::collection::vec(prop_oneof![any::<f64>(), (0_u8..6).prop_map(f64::from)], 0..60),
    ) {
        let mut client = client(1 << 20, 0.0);
        let units = text.encode_utf16().count();
        client.record(&mut Frame::new(text.as_bytes(), units, &numbers), NOW);
        while let Some(taken) = client.take(aether_web_client::queue::Mode::Final, usize::MAX, NOW) {
            use prost::Message;
            match taken.signal {
                Signal::Traces => drop(ExportTraceServiceRequest::decode(client.request()).unwrap()),
                Signal::Logs => drop(ExportLogsServiceRequest::decode(client.request()).unwrap()),
                Signal::Metrics => drop(ExportMetricsServiceRequest::decode(client.request()).unwrap()),
            }
            client.answered(taken.id, 200, -1.0, 0.5, b"", NOW);
        }
    }

    #[test]
    fn a_log_record_arrives_as_it_was_recorded(body in any::<String>(), own in attributes(), joined in any::<bool>()) {
        let head = Builder::default().number(1.0).number(NOW).number(2.0).number(17.0).string("ERROR");
        let said = if body.is_empty() { head.number(0.0) } else { head.number(1.0).string(&body) };
        let described = said.string("kind").attributes(&own).number(2.0);
        let frame = if joined {
            described.string(TRACE).string(SPAN).number(1.0)
        } else {
            described.string("").string("").number(0.0)
        };
        let mut client = client(1 << 20, 0.0);
        frame.frame(|frame| client.record(frame, NOW));
        let requests: Vec<ExportLogsServiceRequest> = drain(&mut client, Signal::Logs);
        let record = &requests[0].resource_logs[0].scope_logs[0].log_records[0];
        prop_assert_eq!((record.severity_number, record.severity_text.as_str(), record.event_name.as_str()), (17, "ERROR", "kind"));
        prop_assert_eq!(record.body.clone(), (!body.is_empty()).then(|| decoded(&Value::String(body))));
        prop_assert_eq!(&record.attributes, &pairs(&own));
        prop_assert_eq!((record.time_unix_nano, record.dropped_attributes_count), ((NOW * 1e6) as u64, 2));
        prop_assert_eq!(record.observed_time_unix_nano - record.time_unix_nano, 2_000_000);
        prop_assert_eq!(hex(&record.trace_id), if joined { TRACE } else { "" });
        prop_assert_eq!((hex(&record.span_id), record.flags), if joined { (SPAN.to_owned(), 1) } else { (String::new(), 0) });
    }
}

#[test]
fn ids_that_are_none_drop_the_span_and_nothing_else() {
    let mut client = client(1 << 20, 0.0);
    for (trace, span) in [
        ("0".repeat(32), SPAN.to_owned()),
        ("x".repeat(32), SPAN.to_owned()),
        (TRACE.to_owned(), "0".repeat(16)),
        (TRACE[1..].to_owned(), SPAN.to_owned()),
    ] {
        let frame = Builder::default().number(0.0).string(&trace).string(&span);
        frame.frame(|frame| client.record(frame, NOW));
    }
    plain_span("good").frame(|frame| client.record(frame, NOW));
    let names: Vec<_> = spans(&drain(&mut client, Signal::Traces))
        .into_iter()
        .map(|span| span.name)
        .collect();
    assert_eq!(names, ["good"]);
    let dropped = client
        .queue()
        .counts
        .get(Signal::Traces, aether_web_client::counts::Reason::Malformed);
    assert_eq!(dropped, 4);
}

proptest! {
    #[test]
    fn a_counter_arrives_as_it_was_collected(
        name in "[a-z.]{1,20}",
        points in prop::collection::vec((attributes(), -1e9..1e9), 1..5),
    ) {
        let head = Builder::default().number(2.0).number(points.len() as f64).string(&name).string("{item}");
        let sum = points.iter().fold(head.number(1.0).number(points.len() as f64), |frame, (own, value)| {
            frame.attributes(own).number(NOW).number(30_000.0).number(*value)
        });
        let frame = sum.number(1.0).number(1.0).number(0.0).number(0.0);
        let mut client = client(1 << 20, 0.0);
        frame.frame(|frame| client.record(frame, NOW));
        prop_assert_eq!(client.queue().items() as usize, points.len());
        let requests: Vec<ExportMetricsServiceRequest> = drain(&mut client, Signal::Metrics);
        let metric = &requests[0].resource_metrics[0].scope_metrics[0].metrics[0];
        prop_assert_eq!((metric.name.as_str(), metric.unit.as_str()), (name.as_str(), "{item}"));
        let Some(metric::Data::Sum(sum)) = &metric.data else { panic!("a sum") };
        prop_assert!(sum.is_monotonic && sum.aggregation_temporality == 1);
        let found: Vec<_> = sum.data_points.iter().map(|point| (point.attributes.clone(), point.value)).collect();
        let expected: Vec<_> = points.iter().map(|(own, value)| (pairs(own), Some(number_data_point::Value::AsDouble(*value)))).collect();
        prop_assert_eq!(found, expected);
        for point in &sum.data_points {
            prop_assert_eq!(point.time_unix_nano - point.start_time_unix_nano, 30_000_000_000);
        }
    }

    #[test]
    fn a_histogram_arrives_as_it_was_collected(
        own in attributes(),
        buckets in prop::collection::vec(0_u32.., 1..16),
        sum in -1e9..1e9,
    ) {
        let count: f64 = buckets.iter().copied().map(f64::from).sum();
        let head = Builder::default().number(2.0).number(1.0).string("duration").string("s").number(0.0);
        let point = head.number(1.0).number(1.0).attributes(&own).number(NOW).number(1.0).number(count).number(sum).number(-1.5).number(7.0);
        let counted = buckets.iter().fold(point.number(buckets.len() as f64), |frame, &count| frame.number(f64::from(count)));
        let bounds: Vec<f64> = (1..buckets.len()).map(|bound| bound as f64 / 10.0).collect();
        let bounded = bounds.iter().fold(counted.number(bounds.len() as f64), |frame, &bound| frame.number(bound));
        let frame = bounded.number(1.0).number(0.0);
        let mut client = client(1 << 20, 0.0);
        frame.frame(|frame| client.record(frame, NOW));
        let requests: Vec<ExportMetricsServiceRequest> = drain(&mut client, Signal::Metrics);
        let metric = &requests[0].resource_metrics[0].scope_metrics[0].metrics[0];
        let Some(metric::Data::Histogram(histogram)) = &metric.data else { panic!("a histogram") };
        prop_assert_eq!(histogram.aggregation_temporality, 1);
        let point = &histogram.data_points[0];
        prop_assert_eq!(&point.attributes, &pairs(&own));
        prop_assert_eq!((point.count, point.sum, point.min, point.max), (count as u64, Some(sum), Some(-1.5), Some(7.0)));
        let expected: Vec<u64> = buckets.iter().copied().map(u64::from).collect();
        prop_assert_eq!((&point.bucket_counts, &point.explicit_bounds), (&expected, &bounds));
    }

    #[test]
    fn a_gauge_arrives_as_it_was_collected(own in attributes(), value in -1e9..1e9) {
        let head = Builder::default().number(2.0).number(1.0).string("depth").string("").number(0.0).number(0.0);
        let frame = head.number(1.0).number(1.0).attributes(&own).number(NOW).number(0.0).number(value).number(0.0).number(0.0);
        let mut client = client(1 << 20, 0.0);
        frame.frame(|frame| client.record(frame, NOW));
        let requests: Vec<ExportMetricsServiceRequest> = drain(&mut client, Signal::Metrics);
        let Some(metric::Data::Gauge(gauge)) = &requests[0].resource_metrics[0].scope_metrics[0].metrics[0].data else { panic!("a gauge") };
        let point = &gauge.data_points[0];
        prop_assert_eq!((&point.attributes, &point.value), (&pairs(&own), &Some(number_data_point::Value::AsDouble(value))));
    }
}
