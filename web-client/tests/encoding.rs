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
        let events = body.number(1.0).string("happened").number(NOW + 1.0).attributes(&event).number(4.0);
        let links = events.number(1.0).string(TRACE).string("000000000000000a").attributes(&link);
        let frame = links.number(if failed { 2.0 } else { 0.0 }).string("because");

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
        prop_assert_eq!((span.dropped_attributes_count, span.dropped_events_count), (3, 4));
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
            client.answered(taken.id, 200, -1.0, b"", NOW);
        }
    }

    #[test]
    fn a_log_record_arrives_as_it_was_recorded(body in any::<String>(), own in attributes(), joined in any::<bool>()) {
        let head = Builder::default().number(1.0).number(NOW).number(17.0).string("ERROR").string(&body).string("kind");
        let mut frame = head.attributes(&own).number(2.0).number(f64::from(u8::from(joined)));
        if joined {
            frame = frame.string(TRACE).string(SPAN).number(1.0);
        }
        let mut client = client(1 << 20, 0.0);
        frame.frame(|frame| client.record(frame, NOW));
        let requests: Vec<ExportLogsServiceRequest> = drain(&mut client, Signal::Logs);
        let record = &requests[0].resource_logs[0].scope_logs[0].log_records[0];
        prop_assert_eq!((record.severity_number, record.severity_text.as_str(), record.event_name.as_str()), (17, "ERROR", "kind"));
        prop_assert_eq!(record.body.clone(), (!body.is_empty()).then(|| decoded(&Value::String(body))));
        prop_assert_eq!(&record.attributes, &pairs(&own));
        prop_assert_eq!((record.time_unix_nano, record.dropped_attributes_count), ((NOW * 1e6) as u64, 2));
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
        .drops
        .get(Signal::Traces, aether_web_client::drops::Reason::Malformed);
    assert_eq!(dropped, 4);
}

fn measurement(
    histogram: bool,
    name: &str,
    unit: &str,
    value: f64,
    own: &[(String, Value)],
) -> Builder {
    let head = Builder::default()
        .number(2.0)
        .number(f64::from(u8::from(histogram)));
    head.string(name).string(unit).number(value).attributes(own)
}

#[test]
fn measurements_are_added_up_by_attributes_and_begin_anew_after_each_export() {
    let mut client = client(1 << 20, 0.0);
    let key = |text: &str| vec![("event".to_owned(), Value::String(text.to_owned()))];
    for (value, event) in [(1.0, "a"), (2.5, "a"), (7.0, "b")] {
        measurement(false, "sent", "{event}", value, &key(event))
            .frame(|frame| client.record(frame, NOW));
    }
    for value in [0.004, 0.005, 0.3, 99.0] {
        measurement(true, "duration", "s", value, &[]).frame(|frame| client.record(frame, NOW));
    }
    measurement(true, "size", "By", 3.0, &[]).frame(|frame| client.record(frame, NOW));
    measurement(false, "broken", "", f64::NAN, &[]).frame(|frame| client.record(frame, NOW));

    let requests: Vec<ExportMetricsServiceRequest> = drain(&mut client, Signal::Metrics);
    let metrics = &requests[0].resource_metrics[0].scope_metrics[0].metrics;
    let names: Vec<_> = metrics
        .iter()
        .map(|metric| (metric.name.as_str(), metric.unit.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("sent", "{event}"),
            ("duration", "s"),
            ("size", "By"),
            ("aether.telemetry.dropped", "{item}")
        ]
    );
    let Some(metric::Data::Sum(sum)) = &metrics[0].data else {
        panic!("a sum")
    };
    assert!(sum.is_monotonic && sum.aggregation_temporality == 1);
    let points: Vec<_> = sum
        .data_points
        .iter()
        .map(|point| (point.attributes.clone(), point.value))
        .collect();
    let double = |value| Some(number_data_point::Value::AsDouble(value));
    assert_eq!(
        points,
        [
            (pairs(&key("a")), double(3.5)),
            (pairs(&key("b")), double(7.0))
        ]
    );
    let Some(metric::Data::Histogram(histogram)) = &metrics[1].data else {
        panic!("a histogram")
    };
    let point = &histogram.data_points[0];
    assert_eq!(
        (point.count, point.sum, point.min, point.max),
        (4, Some(99.309), Some(0.004), Some(99.0))
    );
    assert_eq!(
        (point.explicit_bounds.len(), point.bucket_counts.len()),
        (14, 15)
    );
    assert_eq!(
        (
            point.bucket_counts[0],
            point.bucket_counts[7],
            point.bucket_counts[14]
        ),
        (2, 1, 1)
    );
    let Some(metric::Data::Histogram(general)) = &metrics[2].data else {
        panic!("a histogram")
    };
    assert_eq!(
        general.data_points[0].bucket_counts.len(),
        general.data_points[0].explicit_bounds.len() + 1
    );

    assert!(
        drain::<ExportMetricsServiceRequest>(&mut client, Signal::Metrics).is_empty(),
        "nothing new was measured"
    );
}

#[test]
fn series_are_bounded_and_the_excess_is_still_counted() {
    let mut client = client(1 << 20, 0.0);
    for user in 0..1000 {
        let own = [("user".to_owned(), Value::Int(user))];
        measurement(false, "clicks", "", 1.0, &own).frame(|frame| client.record(frame, NOW));
    }
    let requests: Vec<ExportMetricsServiceRequest> = drain(&mut client, Signal::Metrics);
    let Some(metric::Data::Sum(sum)) =
        &requests[0].resource_metrics[0].scope_metrics[0].metrics[0].data
    else {
        panic!("a sum")
    };
    assert_eq!(sum.data_points.len(), 201);
    let overflow = sum.data_points.last().unwrap();
    assert_eq!(
        overflow.attributes,
        pairs(&[("otel.metric.overflow".into(), Value::Bool(true))])
    );
    assert_eq!(
        overflow.value,
        Some(number_data_point::Value::AsDouble(800.0))
    );
}
