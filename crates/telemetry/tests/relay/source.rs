//! Where relayed telemetry is from: the mark that a sender cannot forge.

use http::StatusCode;
use serde_json::json;

use super::support::{self, post};
use super::{JSON, TRACE_ID, json_span, relay};

#[tokio::test]
async fn relayed_spans_are_found_and_marked() {
    let telemetry = relay();
    let router = telemetry.relay_router();
    let forged = json_span().replace(
        "{\"scopeSpans\"",
        r#"{"resource":{"attributes":[{"key":"aether.source","value":{"stringValue":"server"}}]},"scopeSpans""#,
    );
    post(&router, "/v1/traces", &[JSON], forged).await;
    let path = format!("/traces/{TRACE_ID}");
    let (status, found) = support::get(&telemetry.query_router(), &path).await;
    assert_eq!(status, StatusCode::OK);
    let process = &found["data"][0]["processes"]["p1"];
    let mark = json!([{"key": "aether.source", "type": "string", "value": "browser"}]);
    assert_eq!(process["tags"], mark);
}
