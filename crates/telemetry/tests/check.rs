//! The check of all destinations, against receivers that take everything, refuse, and are not
//! there.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "delivery/grpc_backend.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the tests of delivery"
)]
mod grpc_backend;
mod support;

use aether_telemetry::{CheckReport, Checked, Config, Outcome, Signal, Telemetry};
use grpc_backend::{Call, GrpcBackend, ok};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use support::backend::{Act, Backend, status};
use support::{config, start};

async fn check(config: Config) -> CheckReport {
    let builder = Telemetry::builder().default_service_name("shop");
    builder.config(config).check().await
}

fn result(report: &CheckReport, signal: Signal) -> &Checked {
    let mut results = report.results.iter();
    results.find(|result| result.signal == signal).unwrap()
}

#[tokio::test]
async fn each_signal_is_sent_once_and_says_what_it_is() {
    let backend = Backend::start([], Some(status(200))).await;
    let report = check(config(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &backend.url)])).await;
    assert!(report.is_ok(), "{report}");
    assert_eq!(report.results.len(), 3);
    let received = backend.received();
    assert_eq!(received.len(), 3);
    let body = |path: &str| {
        let line = format!("post {path} ");
        let mut found = received
            .iter()
            .filter(|request| request.head.starts_with(&line));
        found.next().unwrap().body.as_slice()
    };
    let traces = ExportTraceServiceRequest::decode(body("/v1/traces")).unwrap();
    let span = &traces.resource_spans[0].scope_spans[0].spans[0];
    let resource = traces.resource_spans[0].resource.as_ref().unwrap();
    assert!(
        resource
            .attributes
            .contains(&support::text("service.name", "shop"))
    );
    let hex = span.trace_id.iter().map(|byte| format!("{byte:02x}"));
    assert_eq!(hex.collect::<String>(), report.trace_id);
    assert_eq!(span.name, "telemetry check");
    let logs = ExportLogsServiceRequest::decode(body("/v1/logs")).unwrap();
    let record = &logs.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!(
        (&record.trace_id, &record.span_id),
        (&span.trace_id, &span.span_id)
    );
    let metrics = ExportMetricsServiceRequest::decode(body("/v1/metrics")).unwrap();
    let metric = &metrics.resource_metrics[0].scope_metrics[0].metrics[0];
    assert_eq!(metric.name, "aether.telemetry.check");
    for result in &report.results {
        assert_eq!(result.answer, "HTTP 200 OK");
        assert_eq!(result.bytes, body(result.signal.path()).len());
        assert_eq!(
            (result.protocol, result.compression),
            ("http/protobuf", "none")
        );
    }
}

#[tokio::test]
async fn every_destination_is_asked_by_its_own_protocol_and_judged_alone() {
    let partial = ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess {
            rejected_spans: 1,
            error_message: "too old".to_owned(),
        }),
    };
    let grpc = GrpcBackend::start([Call::Answer(partial.encode_to_vec())], None, None).await;
    let answer = Act::Answer(
        403,
        "content-type: application/json\r\n",
        br#"{"message":"no such key: hunter22"}"#.to_vec(),
    );
    let refusing = Backend::start([answer], None).await;
    let logs = format!("{}/v1/logs?k=hunter22", refusing.url);
    let silent = Backend::start([], Some(Act::Hang)).await;
    let metrics = format!("{}/v1/metrics", silent.url);
    let report = check(config(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &grpc.url),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &logs),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "api-key=hunter22"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &metrics),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "200"),
    ]))
    .await;
    assert!(!report.is_ok());
    let traces = result(&report, Signal::Traces);
    assert_eq!(traces.answer, "gRPC OK (0), \"too old\"");
    assert_eq!((traces.protocol, traces.compression), ("grpc", "zstd"));
    assert!(!traces.accepted && traces.remedy.is_some());
    let logs = result(&report, Signal::Logs);
    assert_eq!(logs.answer, "HTTP 403 Forbidden, \"no such key: ****\"");
    assert!(
        logs.remedy
            .as_ref()
            .unwrap()
            .contains("OTEL_EXPORTER_OTLP_HEADERS")
    );
    assert!(logs.endpoint.ends_with("/v1/logs?****"));
    let metrics = result(&report, Signal::Metrics);
    assert_eq!(metrics.answer, "no answer within 200 ms");
    assert!(metrics.duration_ms >= 200 && metrics.bytes > 0);
    let shown = format!("{report}{}", serde_json::to_string(&report).unwrap());
    assert!(shown.contains("0 of 3 accepted"), "{shown}");
    assert!(!shown.contains("hunter22"), "{shown}");
}

#[tokio::test]
async fn a_running_telemetry_is_checked_without_being_disturbed() {
    let backend = GrpcBackend::start([], Some(ok()), None).await;
    let telemetry = start(config(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &backend.url),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ]));
    let report = telemetry.check().await;
    assert!(report.is_ok(), "{report}");
    assert_eq!(report.service_name, "tests");
    let counted = support::count(&telemetry.status(), Outcome::Exported, &backend.name, "");
    assert_eq!(counted, 0, "it went past the queues");
    assert_eq!(backend.received().len(), 1);
}

#[tokio::test]
async fn where_nothing_is_sent_that_is_said() {
    let nowhere = check(config(&[])).await;
    assert!(nowhere.enabled && !nowhere.is_ok());
    assert!(nowhere.to_string().contains("OTEL_EXPORTER_OTLP_ENDPOINT"));
    let off = check(config(&[
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
    ]))
    .await;
    assert!(!off.enabled && !off.is_ok());
    assert!(off.to_string().contains("switched off"), "{off}");
    assert!(!Telemetry::disabled().check().await.is_ok());
    let wrong = Telemetry::builder()
        .environment(|_| None)
        .endpoint("ftp://collector");
    for report in [
        wrong.clone().check().await,
        wrong.build().unwrap().check().await,
    ] {
        assert!(!report.is_ok());
        let problem = report.problem.unwrap();
        assert!(problem.contains("http or https"), "{problem}");
    }
}
