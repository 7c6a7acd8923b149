//! The relay: what it takes, what it refuses, and in which encoding it answers.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::io::Write;

use aether_telemetry::{Outcome, Telemetry};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::StatusCode;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};
use support::{config, count, post, request, start, three_spans};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
const TRACE_ID: &str = "5b8efff798038103d269b633813fc60c";

/// `google.rpc.Status`
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

fn json_span() -> String {
    json!({"resourceSpans": [{"scopeSpans": [{"spans": [{
        "traceId": TRACE_ID, "spanId": "eee19b7ec3c1b174", "name": "from json",
        "kind": 3, "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": 1544712661000000000u64,
        "attributes": [{"key": "n", "value": {"intValue": "7"}}, {"key": "empty", "value": {"arrayValue": {}}}],
        "status": {}, "links": null, "later": {"unknown": []},
    }]}]}]})
    .to_string()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Two bytes each on the wire, and hundreds once they are decoded.
fn empty_spans(count: usize) -> Vec<u8> {
    let span = Span::default();
    request("page", vec![span; count]).encode_to_vec()
}

/// One relay with an embedded store and a bound of 64 KiB.
fn relay() -> Telemetry {
    start(config(&[("AETHER_TELEMETRY_MAX_REQUEST_BYTES", "65536")]))
}

struct Case {
    what: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    status: u16,
    /// Content type of the answer.
    answer: &'static str,
    /// What the error says; empty for success.
    message: &'static str,
    /// Label in the counter; empty for success.
    reason: &'static str,
}

fn cases() -> Vec<Case> {
    let case = |what, headers: &[_], body: Vec<u8>, status, answer, message, reason| Case {
        what,
        headers: headers.to_vec(),
        body,
        status,
        answer,
        message,
        reason,
    };
    let protobuf = "application/x-protobuf";
    let json = "application/json";
    let large = vec![b' '; 65_537];
    let mut short_id = support::request("page", vec![support::span(1, 1, "s")]);
    short_id.resource_spans[0].scope_spans[0].spans[0]
        .trace_id
        .pop();
    let malformed = "malformed";
    vec![
        case(
            "protobuf",
            &[PROTOBUF],
            three_spans(),
            200,
            protobuf,
            "",
            "",
        ),
        case("json", &[JSON], json_span().into(), 200, json, "", ""),
        case(
            "gzip",
            &[PROTOBUF, ("content-encoding", "gzip")],
            gzip(&three_spans()),
            200,
            protobuf,
            "",
            "",
        ),
        case(
            "json gzip",
            &[JSON, ("content-encoding", "GZIP")],
            gzip(json_span().as_bytes()),
            200,
            json,
            "",
            "",
        ),
        case(
            "deflate",
            &[PROTOBUF, ("content-encoding", "deflate")],
            deflate(&three_spans()),
            200,
            protobuf,
            "",
            "",
        ),
        case(
            "identity",
            &[PROTOBUF, ("content-encoding", "identity")],
            three_spans(),
            200,
            protobuf,
            "",
            "",
        ),
        case("nothing", &[PROTOBUF], vec![], 200, protobuf, "", ""),
        case("nothing in json", &[JSON], vec![], 200, json, "", ""),
        case(
            "an empty object",
            &[JSON],
            b"{}".to_vec(),
            200,
            json,
            "",
            "",
        ),
        case(
            "no protobuf",
            &[PROTOBUF],
            b"\x0a\xff".to_vec(),
            400,
            protobuf,
            "not an OTLP traces request",
            malformed,
        ),
        case(
            "wrong field type",
            &[PROTOBUF],
            b"\x0a\x02\x12\x05".to_vec(),
            400,
            protobuf,
            "not an OTLP traces request",
            malformed,
        ),
        case(
            "a short id",
            &[PROTOBUF],
            short_id.encode_to_vec(),
            400,
            protobuf,
            "trace id of 15 bytes",
            malformed,
        ),
        case(
            "no json",
            &[JSON],
            b"{".to_vec(),
            400,
            json,
            "not an OTLP traces request",
            malformed,
        ),
        case(
            "short id in json",
            &[JSON],
            json_span().replace(TRACE_ID, "5b8efff7").into(),
            400,
            json,
            "32 hexadecimal digits",
            malformed,
        ),
        case(
            "no id in json",
            &[JSON],
            json_span().replace("traceId", "other").into(),
            400,
            json,
            "trace id of 0 bytes",
            malformed,
        ),
        case(
            "no gzip",
            &[PROTOBUF, ("content-encoding", "gzip")],
            three_spans(),
            400,
            protobuf,
            "does not decompress",
            malformed,
        ),
        case(
            "too large",
            &[JSON],
            large.clone(),
            413,
            json,
            "larger than 65536 bytes",
            "too_large",
        ),
        case(
            "too large inside",
            &[JSON, ("content-encoding", "gzip")],
            gzip(&large),
            413,
            json,
            "after decompression",
            "too_large",
        ),
        case(
            "announced too large",
            &[PROTOBUF, ("content-length", "9999999")],
            vec![],
            413,
            protobuf,
            "larger than",
            "too_large",
        ),
        case(
            "many empty spans",
            &[PROTOBUF, ("content-encoding", "gzip")],
            gzip(&empty_spans(20_000)),
            413,
            protobuf,
            "so many parts",
            "too_many_parts",
        ),
        case(
            "many empty spans in json",
            &[JSON, ("content-encoding", "gzip")],
            gzip(
                format!(
                    r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}{{}}]}}]}}]}}"#,
                    "{},".repeat(20_000)
                )
                .as_bytes(),
            ),
            413,
            json,
            "so many parts",
            "too_many_parts",
        ),
        case(
            "many empty resources",
            &[PROTOBUF],
            b"\x0a\x00".repeat(30_000),
            413,
            protobuf,
            "so many parts",
            "too_many_parts",
        ),
        case(
            "text",
            &[("content-type", "text/plain")],
            three_spans(),
            415,
            json,
            "application/x-protobuf or application/json",
            "unsupported_type",
        ),
        case(
            "no type",
            &[],
            three_spans(),
            415,
            json,
            "Content-Type must be",
            "unsupported_type",
        ),
        case(
            "zstd",
            &[PROTOBUF, ("content-encoding", "zstd")],
            three_spans(),
            415,
            protobuf,
            "gzip, deflate",
            "unsupported_encoding",
        ),
        case(
            "compressed twice",
            &[PROTOBUF, ("content-encoding", "gzip, gzip")],
            vec![],
            415,
            protobuf,
            "gzip, deflate",
            "unsupported_encoding",
        ),
    ]
}

#[tokio::test]
async fn requests_and_their_answers() {
    let telemetry = relay();
    let router = telemetry.relay_router();
    for case in cases() {
        let what = case.what;
        let before = count(&telemetry.status(), Outcome::Rejected, "relay", case.reason);
        let response = post(&router, "/v1/traces", &case.headers, case.body).await;
        assert_eq!(response.status(), case.status, "{what}");
        assert_eq!(response.headers()["content-type"], case.answer, "{what}");
        let body = support::body(response).await;
        let message = match (case.status, case.answer) {
            (200, "application/json") => {
                assert_eq!(body, b"{}", "{what}");
                continue;
            }
            (200, _) => {
                assert!(body.is_empty(), "{what}");
                continue;
            }
            (_, "application/json") => {
                let body: Value = serde_json::from_slice(&body).unwrap();
                assert!(body["code"].is_i64(), "{what}");
                body["message"].as_str().unwrap().to_owned()
            }
            _ => {
                let status = RpcStatus::decode(&*body).unwrap();
                assert_ne!(status.code, 0, "{what}");
                status.message
            }
        };
        assert!(message.contains(case.message), "{what}: {message}");
        let after = count(&telemetry.status(), Outcome::Rejected, "relay", case.reason);
        assert_eq!(after, before + 1, "{what} is counted");
    }
}

#[tokio::test]
async fn other_methods_and_paths_are_not_served() {
    let router = relay().relay_router();
    let response = post(&router, "/v1/profiles", &[PROTOBUF], vec![]).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let request = http::Request::get("/v1/traces").body(axum::body::Body::empty());
    let response = tower::ServiceExt::oneshot(router, request.unwrap()).await;
    assert_eq!(response.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
}

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
