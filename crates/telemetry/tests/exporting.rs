//! From spans, logs and metrics to a real OTLP receiver. Providers and the subscriber are global,
//! so this file holds one test.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::collections::BTreeSet;

use aether_telemetry::{Outcome, Telemetry};
use opentelemetry::global;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use support::backend::{Backend, Received, status};
use support::{PATIENCE, config, count};
use tracing_subscriber::prelude::*;

fn of<M: Message + Default>(received: &[Received], path: &str) -> Vec<M> {
    let requests = received
        .iter()
        .filter(|request| request.head.starts_with(&format!("post {path} ")));
    requests
        .map(|request| M::decode(&*request.body).unwrap())
        .collect()
}

fn spans(received: &[Received]) -> Vec<Span> {
    let requests = of::<ExportTraceServiceRequest>(received, "/otlp/v1/traces");
    let resources = requests
        .into_iter()
        .flat_map(|request| request.resource_spans);
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

fn logs(received: &[Received]) -> Vec<LogRecord> {
    let requests = of::<ExportLogsServiceRequest>(received, "/otlp/v1/logs");
    let resources = requests
        .into_iter()
        .flat_map(|request| request.resource_logs);
    let scopes = resources.flat_map(|resource| resource.scope_logs);
    scopes.flat_map(|scope| scope.log_records).collect()
}

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
        ]))
        .panic_hook(true)
        .build()
        .unwrap();
    tracing_subscriber::registry()
        .with(telemetry.tracing_layer())
        .init();

    tracing::info_span!("work").in_scope(|| tracing::warn!(size = 3, "look here"));
    global::meter("app")
        .u64_counter("app.things")
        .build()
        .add(2, &[]);
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
    let text = |log: &LogRecord| format!("{:?}", log.body);
    let (panics, others): (Vec<_>, Vec<_>) =
        logs.iter().partition(|log| text(log).contains("panicked"));
    assert_eq!(others.len(), 1, "no log about exporting: {others:?}");
    assert!(text(others[0]).contains("look here"));
    assert_eq!(others[0].trace_id, spans[0].trace_id);
    assert_eq!(others[0].span_id, spans[0].span_id);
    assert_eq!(panics.len(), 1);
    let shown = format!("{:?}", panics[0]);
    assert!(
        shown.contains("exporting.rs") && !shown.contains("hunter2"),
        "{shown}"
    );

    let metrics = of::<ExportMetricsServiceRequest>(&received, "/otlp/v1/metrics");
    let resource = metrics[0].resource_metrics[0].resource.as_ref().unwrap();
    let name = resource
        .attributes
        .iter()
        .find(|a| a.key == "service.name")
        .unwrap();
    assert!(format!("{name:?}").contains("exporting-test"));
    let resources = metrics.iter().flat_map(|request| &request.resource_metrics);
    let scopes = resources.flat_map(|resource| &resource.scope_metrics);
    let names: BTreeSet<_> = scopes
        .flat_map(|scope| &scope.metrics)
        .map(|metric| metric.name.as_str())
        .collect();
    for name in [
        "app.things",
        "aether.telemetry.accepted",
        "aether.telemetry.exported",
        "aether.telemetry.queued",
    ] {
        assert!(names.contains(name), "{name}: {names:?}");
    }

    let status = telemetry.status();
    assert_eq!(status.service_name.as_deref(), Some("exporting-test"));
    assert!(count(&status, Outcome::Exported, &backend.name, "") > 3);
    let shown = serde_json::to_string(&status).unwrap();
    assert!(!shown.contains("hunter2"), "{shown}");
}
