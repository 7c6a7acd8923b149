//! What the tests of export, relay and query share.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test file uses another part"
)]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

pub mod backend;
pub mod decoded;
pub mod folder;
pub mod program;
pub mod recorder;

use std::time::{Duration, Instant};

use aether_telemetry::{Config, Outcome, Retry, Status, Telemetry};
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use serde_json::Value;
use tower::ServiceExt;

/// Longer than anything takes that works.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Settings as the environment would give them, with quick retries.
pub fn config(variables: &[(&str, &str)]) -> Config {
    let config = Config::from_lookup(|name| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    });
    Config {
        retry: Retry {
            initial: Duration::from_millis(10),
            max: Duration::from_millis(50),
            ..Retry::default()
        },
        ..config.expect("the test's settings are valid")
    }
}

pub fn start(config: Config) -> Telemetry {
    let builder = Telemetry::builder().default_service_name("tests");
    builder.config(config).build().expect("telemetry starts")
}

/// Waits for `condition`, looking often; says what it waited for when it never comes.
pub async fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The sum of a count over all signals.
pub fn count(status: &Status, outcome: Outcome, destination: &str, reason: &str) -> u64 {
    let counts = status.counts.iter().filter(|count| {
        count.outcome == outcome && &*count.destination == destination && count.reason == reason
    });
    counts.map(|count| count.value).sum()
}

pub fn text(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Any::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

/// A request of one service.
pub fn request(service: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![text("service.name", service)],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: "scope".to_owned(),
                    version: "1".to_owned(),
                    ..InstrumentationScope::default()
                }),
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

pub fn span(trace: u8, span: u8, name: &str) -> Span {
    Span {
        trace_id: vec![trace; 16],
        span_id: vec![span; 8],
        name: name.to_owned(),
        start_time_unix_nano: 1_700_000_000_000_000_000,
        end_time_unix_nano: 1_700_000_000_001_500_000,
        ..Span::default()
    }
}

/// Three spans, encoded.
pub fn three_spans() -> Vec<u8> {
    let spans = (1..=3).map(|id| span(1, id, "s")).collect();
    request("page", spans).encode_to_vec()
}

/// Sends traces to the relay as protobuf.
pub async fn relay(telemetry: &Telemetry, body: Vec<u8>) -> StatusCode {
    let headers = [("content-type", "application/x-protobuf")];
    let response = post(&telemetry.relay_router(), "/v1/traces", &headers, body).await;
    response.status()
}

pub async fn post(
    router: &Router,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Response {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).expect("a valid request");
    let answer = router.clone().oneshot(request).await;
    answer.expect("routers do not fail")
}

pub async fn body(response: Response) -> Vec<u8> {
    let body = response.into_body().collect().await;
    body.expect("the body is complete").to_bytes().to_vec()
}

/// Status and JSON of a query.
pub async fn get(router: &Router, path: &str) -> (StatusCode, Value) {
    let request = Request::get(path).body(Body::empty());
    let request = request.expect("a valid request");
    let answer = router.clone().oneshot(request).await;
    let response = answer.expect("routers do not fail");
    let status = response.status();
    let kind = response.headers().get("content-type").cloned();
    assert_eq!(kind.expect("a type"), "application/json", "{path}");
    let body = body(response).await;
    (status, serde_json::from_slice(&body).expect("JSON"))
}
