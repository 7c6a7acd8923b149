//! From spans, logs and metrics to a real OTLP receiver. Providers and the subscriber are global,
//! so this file holds one test.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::collections::BTreeSet;

use aether_telemetry::{Outcome, Telemetry};
use opentelemetry::global;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};
use support::backend::{Backend, status};
use support::decoded::{Log, attribute, logs, metrics, resource, spans};
use support::{PATIENCE, config, count};
use tracing_subscriber::prelude::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_arrives_and_nothing_about_itself() {
    // The first request fails, so that the export path has something to say in its log.
    let backend = Backend::start([status(503)], Some(status(200))).await;
    let endpoint = format!("{}/otlp", backend.url);
    let telemetry = Telemetry::builder()
        .default_service_name("default")
        .config(config(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "authorization=Bearer%20hunter2",
            ),
            ("OTEL_SERVICE_NAME", "exporting-test"),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "50"),
            (
                "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
                "base2_exponential_bucket_histogram",
            ),
        ]))
        .panic_hook(true)
        .build()
        .unwrap();
    tracing_subscriber::registry()
        .with(telemetry.tracing_layer())
        .init();

    tracing::info_span!("work").in_scope(|| tracing::warn!(size = 3, "look here"));
    let meter = global::meter("app");
    meter.u64_counter("app.things").build().add(2, &[]);
    let seconds = meter.f64_histogram("app.seconds");
    seconds.with_boundaries(vec![1.0]).build().record(0.25, &[]);
    let panicked = std::thread::spawn(|| panic!("hunter2 was typed")).join();
    assert!(panicked.is_err());
    // Wait for a whole round, then give the export path a chance to trace itself.
    backend.wait(3).await;
    let report = telemetry.shutdown(PATIENCE).await;
    assert!(report.is_complete(), "{report}");

    let received = backend.received();
    for request in &received {
        assert!(request.head.contains("authorization: bearer hunter2"));
    }
    // The refused request comes twice with the same body, everything else once.
    let mut seen = BTreeSet::new();
    let received: Vec<_> = received
        .into_iter()
        .filter(|request| seen.insert(request.body.clone()))
        .collect();

    let spans = spans(&received);
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["work"], "no span about exporting");
    assert!(spans[0].events.is_empty(), "events are log records here");

    let logs = logs(&received);
    let (panics, others): (Vec<&Log>, Vec<_>) =
        logs.iter().partition(|log| log.text().contains("panicked"));
    assert_eq!(others.len(), 1, "no log about exporting: {others:?}");
    let record = &others[0].record;
    assert_eq!(others[0].text(), "look here");
    assert_eq!(record.trace_id, spans[0].trace_id);
    assert_eq!(record.span_id, spans[0].span_id);
    assert_eq!(attribute(&record.attributes, "size").as_deref(), Some("3"));
    assert_eq!(panics.len(), 1);
    let shown = format!("{:?}", panics[0]);
    assert!(
        shown.contains("exporting.rs") && !shown.contains("hunter2"),
        "{shown}"
    );

    let name = attribute(&resource(&received).attributes, "service.name");
    assert_eq!(name.as_deref(), Some("exporting-test"));
    let metrics = metrics(&received);
    let names: BTreeSet<_> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    for name in [
        "app.things",
        "aether.telemetry.accepted",
        "aether.telemetry.exported",
        "aether.telemetry.queued",
        "aether.telemetry.request.duration",
    ] {
        assert!(names.contains(name), "{name}: {names:?}");
    }
    // One series for each signal and destination; what failed for good has a reason as well.
    for name in [
        "aether.telemetry.accepted",
        "aether.telemetry.exported",
        "aether.telemetry.queued",
    ] {
        let found: BTreeSet<_> = metrics
            .iter()
            .filter(|metric| metric.name == name)
            .flat_map(points)
            .map(|point| {
                let text = |key| attribute(&point.attributes, key).unwrap_or_default();
                assert_eq!(text("destination"), backend.name, "{point:?}");
                assert_eq!(point.attributes.len(), 2, "{point:?}");
                text("signal")
            })
            .collect();
        assert!(found.contains("traces"), "{name}: {found:?}");
    }
    let seconds = metrics.iter().find(|metric| metric.name == "app.seconds");
    let seconds = seconds.and_then(|metric| metric.data.as_ref());
    assert!(
        matches!(seconds, Some(Data::ExponentialHistogram(_))),
        "{seconds:?}"
    );

    let status = telemetry.status();
    assert_eq!(status.service_name.as_deref(), Some("exporting-test"));
    assert!(count(&status, Outcome::Exported, &backend.name, "") > 3);
    let shown = serde_json::to_string(&status).unwrap();
    assert!(!shown.contains("hunter2"), "{shown}");
}

fn points(metric: &Metric) -> Vec<NumberDataPoint> {
    match &metric.data {
        Some(Data::Sum(sum)) => sum.data_points.clone(),
        Some(Data::Gauge(gauge)) => gauge.data_points.clone(),
        other => panic!("{other:?}"),
    }
}
