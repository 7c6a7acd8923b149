//! What was taken in part, or by nobody.

use aether_telemetry::Outcome;
use http::StatusCode;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use prost::Message;
use serde_json::Value;

use super::support::{self, count, post};
use super::{JSON, PROTOBUF, relay};

#[tokio::test]
async fn what_no_destination_takes_is_said_and_counted() {
    let telemetry = relay();
    let router = telemetry.relay_router();
    let logs = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{}]}]}]}"#;
    let response = post(&router, "/v1/logs", &[JSON], logs).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body: Value = serde_json::from_slice(&support::body(response).await).unwrap();
    assert_eq!(body["partialSuccess"]["rejectedLogRecords"], "2");

    // The same in protobuf: resource logs, scope logs, one empty record.
    let response = post(
        &router,
        "/v1/logs",
        &[PROTOBUF],
        &b"\x0a\x04\x12\x02\x12\x00"[..],
    )
    .await;
    let body = support::body(response).await;
    let partial = ExportLogsServiceResponse::decode(&*body)
        .unwrap()
        .partial_success;
    let partial = partial.unwrap();
    assert_eq!(partial.rejected_log_records, 1);
    assert!(
        partial
            .error_message
            .contains("OTEL_EXPORTER_OTLP_ENDPOINT")
    );
    let status = telemetry.status();
    assert_eq!(
        count(&status, Outcome::Dropped, "none", "no_destination"),
        3
    );
}
