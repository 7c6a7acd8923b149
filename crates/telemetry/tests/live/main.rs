//! Destinations and rules that are changed while telemetry flows, over the API, with real receivers.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "helpers of tests, which may fail"
)]

mod api;
mod flow;
mod killed;
mod secrets;
mod settings;
#[path = "../durable/sink.rs"]
mod sink;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;

use aether_telemetry::Telemetry;
use axum::body::Body;
use axum::http::{Method, Request};
use http::StatusCode;
use http_body_util::BodyExt;
use prost::Message;
use serde_json::{Value, json};
use sink::Sink;
use support::folder::Folder;
use support::wait_for;
use tower::ServiceExt;

/// The file of settings.
fn file(folder: &Folder) -> PathBuf {
    folder.path().join("telemetry.toml")
}

/// What every file here begins with: quick repetitions, queues on disk.
fn general(folder: &Folder) -> String {
    format!(
        "# mine\nretry = {{ initial_ms = 5, max_ms = 20 }}\nqueue = {{ folder = {:?} }}\n",
        folder.path().join("queue")
    )
}

/// A `[[destination]]` for traces.
fn table(name: &str, sink: &Sink) -> String {
    format!(
        "\n[[destination]] # {name}\nname = {name:?}\nendpoint = {:?}\nsignals = [\"traces\"]\ntimeout_ms = 2000\n",
        sink.base()
    )
}

/// The same as JSON.
fn destination(name: &str, sink: &Sink) -> Value {
    json!({
        "name": name,
        "endpoint": sink.base(),
        "signals": ["traces"],
        "timeout_ms": 2000,
    })
}

/// Starts with the file as it is.
fn started(folder: &Folder, variables: &'static [(&str, &str)]) -> Telemetry {
    let builder = Telemetry::builder()
        .default_service_name("tests")
        .default_config_file(file(folder))
        .environment(move |name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        });
    let telemetry = builder.build().unwrap();
    assert!(telemetry.problem().is_none(), "{:?}", telemetry.problem());
    telemetry
}

fn start(folder: &Folder, text: &str) -> Telemetry {
    std::fs::write(file(folder), general(folder) + text).unwrap();
    started(folder, &[])
}

/// What the API answered.
struct Answer {
    status: StatusCode,
    etag: String,
    body: Value,
    text: String,
}

impl Answer {
    fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap_or_default()
    }

    /// Names of the destinations in the file.
    fn destinations(&self) -> Vec<&str> {
        let all = self.body["destinations"].as_array().unwrap().iter();
        all.map(|destination| destination["name"].as_str().unwrap())
            .collect()
    }
}

/// Asks the API; `marks` are the value of `If-Match`.
async fn ask(
    telemetry: &Telemetry,
    method: Method,
    path: &str,
    marks: &str,
    body: Option<Value>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if !marks.is_empty() {
        request = request.header("if-match", marks);
    }
    let body = match body {
        Some(json) => {
            request = request.header("content-type", "application/json");
            Body::from(json.to_string())
        }
        None => Body::empty(),
    };
    answer(telemetry, request.body(body).unwrap()).await
}

async fn answer(telemetry: &Telemetry, request: Request<Body>) -> Answer {
    let router = telemetry.admin_router();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let etag = response.headers().get("etag");
    let etag = etag.map_or("", |etag| etag.to_str().unwrap()).to_owned();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Answer {
        status,
        etag,
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
    }
}

async fn get(telemetry: &Telemetry) -> Answer {
    ask(telemetry, Method::GET, "/config", "", None).await
}

async fn put(telemetry: &Telemetry, path: &str, body: Value) -> Answer {
    ask(telemetry, Method::PUT, path, "*", Some(body)).await
}

/// Puts a text in place of the whole file.
async fn put_file(telemetry: &Telemetry, text: String) -> Answer {
    let request = Request::put("/config").header("if-match", "*");
    let request = request.header("content-type", "application/toml");
    answer(telemetry, request.body(Body::from(text)).unwrap()).await
}

async fn post(telemetry: &Telemetry, path: &str) -> Answer {
    ask(telemetry, Method::POST, path, "", None).await
}

/// A request with one span of that number.
fn request(number: u64) -> Vec<u8> {
    let mut span = support::span(1, 1, "GET /");
    span.trace_id = u128::from(number + 1).to_be_bytes().to_vec();
    span.span_id = (number + 1).to_be_bytes().to_vec();
    support::request("page", vec![span]).encode_to_vec()
}

/// Sends spans to the relay, one per request; gives back the numbers of those accepted.
async fn send(telemetry: &Telemetry, numbers: std::ops::Range<u64>) -> BTreeSet<u64> {
    let mut accepted = BTreeSet::new();
    for number in numbers {
        match support::relay(telemetry, request(number)).await {
            StatusCode::OK => {
                accepted.insert(number);
            }
            status => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE),
        }
    }
    accepted
}

/// Waits until the folder of the queues has been read.
async fn opened(telemetry: &Telemetry) {
    wait_for("the queues are open", || {
        let storage = telemetry.status().storage?;
        (storage.state == aether_telemetry::StorageState::Ready).then_some(())
    })
    .await;
}

/// What the status says about a destination.
fn state(telemetry: &Telemetry, name: &str) -> Option<aether_telemetry::DestinationStatus> {
    let all = telemetry.status().destinations.into_iter();
    all.into_iter()
        .find(|destination| &*destination.name == name)
}

async fn arrived(what: &str, sink: &Sink, accepted: &BTreeSet<u64>) {
    wait_for(what, || sink.has_all(accepted).then_some(())).await;
}
