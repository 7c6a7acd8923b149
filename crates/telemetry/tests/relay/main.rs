//! The relay: what it takes and what it refuses, how it answers, and what it does to what it takes.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "helpers of tests, which may fail"
)]

mod answers;
mod attacks;
mod cors;
mod encodings;
mod enriched;
mod keys;
mod large;
mod methods;
mod metrics;
mod partial;
mod quotas;
mod source;
#[path = "../support/mod.rs"]
mod support;

use std::io::Write;

use aether_telemetry::Telemetry;
use axum::response::Response;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use prost::Message;
use serde_json::{Value, json};
use support::backend::{Backend, status};
use support::{config, start};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
const TRACE_ID: &str = "5b8efff798038103d269b633813fc60c";

/// `google.rpc.Status`
#[derive(Clone, PartialEq, Message)]
pub struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub code: i32,
    #[prost(string, tag = "2")]
    pub message: String,
}

pub fn json_span() -> String {
    json!({"resourceSpans": [{"scopeSpans": [{"spans": [{
        "traceId": TRACE_ID, "spanId": "eee19b7ec3c1b174", "name": "from json",
        "kind": 3, "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": 1544712661000000000u64,
        "attributes": [{"key": "n", "value": {"intValue": "7"}}, {"key": "empty", "value": {"arrayValue": {}}}],
        "status": {}, "links": null, "later": {"unknown": []},
    }]}]}]})
    .to_string()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 3).unwrap()
}

/// One relay with an embedded store and a bound of 64 KiB.
pub fn relay() -> Telemetry {
    with(&[])
}

/// The same with more settings.
pub fn with(settings: &[(&str, &str)]) -> Telemetry {
    let bound = [("AETHER_TELEMETRY_MAX_REQUEST_BYTES", "65536")];
    start(config(&[settings, &bound].concat()))
}

/// A relay that sends everything on, and where to.
pub async fn to_backend(settings: &[(&str, &str)]) -> (Telemetry, Backend) {
    let backend = Backend::start([], Some(status(200))).await;
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", backend.url.as_str());
    let telemetry = start(config(&[settings, &[endpoint]].concat()));
    (telemetry, backend)
}

/// What a refusal says, in whichever encoding it was answered.
pub async fn message(response: Response) -> String {
    let json = response.headers()["content-type"] == "application/json";
    let body = support::body(response).await;
    if json {
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert!(body["code"].as_i64().unwrap() > 0, "{body}");
        return body["message"].as_str().unwrap().to_owned();
    }
    let status = RpcStatus::decode(&*body).unwrap();
    assert!(status.code > 0, "{status:?}");
    status.message
}
