//! How gRPC calls end: what is delivered, repeated, given up and shown.

use std::time::Duration;

use aether_telemetry::{Protocol, Telemetry};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;

use super::{dropped, exported, last_error, settled, traces_to};
use crate::grpc_backend::{Call, GrpcBackend, Received, ok};
use crate::support::backend::{Backend, status};
use crate::support::{relay, start, three_spans, wait_for};

/// `google.rpc.Status` with a `RetryInfo` of one second.
const IN_A_SECOND: &str = "CAgaMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIECgIIAQ";

async fn deliver(script: Vec<Call>) -> (Telemetry, GrpcBackend, Vec<Received>) {
    let calls = script.len();
    let backend = GrpcBackend::start(script, None, None).await;
    let telemetry = start(traces_to(&backend.url, Protocol::Grpc));
    relay(&telemetry, three_spans()).await;
    settled(&telemetry).await;
    let received = backend.wait(calls).await;
    assert_eq!(received.len(), calls, "no more calls than told");
    (telemetry, backend, received)
}

#[tokio::test]
async fn a_partial_success_is_counted_and_not_repeated() {
    let partial = ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess {
            rejected_spans: 2,
            error_message: "too old".to_owned(),
        }),
    };
    let (telemetry, backend, _) = deliver(vec![Call::Answer(partial.encode_to_vec())]).await;
    assert_eq!(exported(&telemetry, &backend.name), 1);
    assert_eq!(dropped(&telemetry, &backend.name, "partial_success"), 2);
}

#[tokio::test]
async fn refusals_are_final_and_say_what_to_do() {
    for (code, reason, remedy) in [
        (3, "grpc_invalid_argument", "log"),
        (7, "grpc_permission_denied", "OTEL_EXPORTER_OTLP_HEADERS"),
        (8, "grpc_resource_exhausted", "quota"),
        (12, "grpc_unimplemented", "4317"),
        (13, "grpc_internal", "log"),
        (16, "grpc_unauthenticated", "OTEL_EXPORTER_OTLP_HEADERS"),
    ] {
        for call in [
            Call::Fail(code, "not%20so", ""),
            Call::FailLater(code, "not%20so"),
        ] {
            let (telemetry, backend, _) = deliver(vec![call.clone()]).await;
            assert_eq!(dropped(&telemetry, &backend.name, reason), 3, "{call:?}");
            let error = last_error(&telemetry, call);
            for part in [format!("({code})").as_str(), "\"not so\"", remedy] {
                assert!(error.contains(part), "{part}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for call in [
        Call::Fail(1, "", ""),
        Call::Fail(4, "", ""),
        Call::Fail(10, "", ""),
        Call::Fail(11, "", ""),
        Call::Fail(14, "", ""),
        Call::FailLater(14, ""),
        Call::Fail(15, "", ""),
        Call::Http(502),
        Call::Http(503),
        Call::Reset,
        Call::Hang,
    ] {
        let (telemetry, backend, received) = deliver(vec![call.clone(), ok()]).await;
        assert_eq!(exported(&telemetry, &backend.name), 3, "{call:?}");
        assert_eq!(received[0].message, received[1].message, "{call:?}");
        last_error(&telemetry, call);
    }
}

#[tokio::test]
async fn a_destination_that_asks_to_wait_is_left_alone() {
    for code in [8, 14] {
        let call = Call::Fail(code, "slower", IN_A_SECOND);
        let (telemetry, backend, received) = deliver(vec![call, ok()]).await;
        assert_eq!(exported(&telemetry, &backend.name), 3, "{code}");
        let waited = received[1].at - received[0].at;
        assert!(waited >= Duration::from_secs(1), "{code}: {waited:?}");
    }
}

#[tokio::test]
async fn a_port_that_does_not_speak_grpc_is_told() {
    let backend = Backend::start([], Some(status(404))).await;
    let telemetry = start(traces_to(&backend.url, Protocol::Grpc));
    relay(&telemetry, three_spans()).await;
    let error = wait_for("an error is shown", || {
        telemetry.status().destinations[0].health.last_error.clone()
    })
    .await;
    assert!(error.contains("does not speak gRPC"), "{error}");
}
