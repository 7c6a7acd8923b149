//! One trace from the keystroke to its echo. Alone in its file: the telemetry of a process is one.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod support;

use aether_telemetry::{Config, Telemetry};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use support::{Client, PATIENCE, Server, TOKEN, settings};
use tokio::time::timeout;
use tower::ServiceExt;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn carrier(span: &str) -> Value {
    json!({"_trace": {"b3": format!("{TRACE}-{span}-1")}})
}

/// The carrier behind an event's arguments.
fn carried(event: &support::Event) -> &Value {
    &event.args.last().unwrap()["_trace"]
}

async fn get(server: &Server, uri: &str) -> (u16, String) {
    let request = http::Request::get(uri)
        .header("host", "localhost")
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(axum::body::Body::empty())
        .unwrap();
    let response = server.app.router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

/// A span in Jaeger's JSON.
struct Span<'a>(&'a Value);

impl Span<'_> {
    fn id(&self) -> &str {
        self.0["spanID"].as_str().unwrap()
    }

    fn parent(&self) -> Option<&str> {
        self.0["references"]
            .as_array()?
            .iter()
            .find(|one| one["refType"] == "CHILD_OF")?["spanID"]
            .as_str()
    }
}

fn named<'a>(spans: &'a [Value], name: &str) -> Span<'a> {
    let found = spans.iter().find(|span| span["operationName"] == name);
    Span(found.unwrap_or_else(|| {
        let names: Vec<_> = spans.iter().map(|span| &span["operationName"]).collect();
        panic!("no span {name:?} among {names:?}")
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_reaches_from_the_keystroke_to_its_echo() {
    let telemetry = Telemetry::builder()
        .default_service_name("aetherterm-backend")
        .config(Config::default())
        .build()
        .unwrap();
    let server = Server::with(settings(), &telemetry).await;
    let auth =
        json!({"_trace": {"b3": format!("{TRACE}-00000000000000c0-1"), "accept": ["trailing"]}});
    let mut client = Client::connect(server.address, Some(auth)).await;
    assert_eq!(client.event().await.name, "_trace:ready");

    let (create, key, close) = ("00000000000000c1", "00000000000000c2", "00000000000000c3");
    client
        .emit_raw(json!(["terminal:create", {"cols": 80, "rows": 24}, carrier(create)]))
        .await;
    let created = client.wait_for("terminal:created").await;
    assert_eq!(carried(&created)["re"], create);
    let id = created.data()["terminalId"].as_str().unwrap().to_owned();
    // The prompt answers nobody.
    let prompt = client.wait_for("terminal:output").await;
    assert!(carried(&prompt).get("re").is_none(), "{prompt:?}");

    let input = json!({"terminalId": id, "data": "echo content-$((6*7))\r"});
    client
        .emit_raw(json!(["terminal:input", input, carrier(key)]))
        .await;
    let echo = loop {
        let output = client.wait_for("terminal:output").await;
        if carried(&output).get("re").is_some() {
            break output;
        }
    };
    assert_eq!(carried(&echo)["re"], key);
    assert!(carried(&echo)["b3"].as_str().unwrap().starts_with(TRACE));
    client
        .emit_raw(json!(["terminal:close", {"terminalId": id}, carrier(close)]))
        .await;
    let closed = client.wait_for("terminal:closed").await;
    assert_eq!(carried(&closed)["re"], close);

    let expected = [
        ("process terminal:create", create, "send terminal:created"),
        ("process terminal:input", key, "send terminal:output"),
        ("process terminal:close", close, "send terminal:closed"),
    ];
    let names = expected.map(|(process, ..)| format!("{process:?}"));
    // What a handler sends may arrive before its span ends.
    let wait = async {
        loop {
            telemetry.flush();
            let (status, body) = get(&server, &format!("/jaeger/api/traces/{TRACE}")).await;
            if names.iter().all(|name| body.contains(name)) {
                return (status, body);
            }
            tokio::task::yield_now().await;
        }
    };
    let (status, body) = timeout(PATIENCE, wait).await.expect("all have ended");
    assert_eq!(status, 200, "{body}");
    assert!(
        !body.contains("content-"),
        "what was typed and printed is in no span"
    );
    assert!(!body.contains(&id), "ids of terminals are in no span");
    let answer: Value = serde_json::from_str(&body).unwrap();
    let spans = answer["data"][0]["spans"].as_array().unwrap();
    for (process, asked_by, send) in expected {
        let handler = named(spans, process);
        assert_eq!(
            handler.parent(),
            Some(asked_by),
            "{process} continues the page's span"
        );
        assert_eq!(
            named(spans, send).parent(),
            Some(handler.id()),
            "{send} is caused by {process}"
        );
    }
    named(spans, "connect /");

    let (status, health) = get(&server, "/api/health").await;
    assert_eq!((status, health.contains(r#""enabled":true"#)), (200, true));
    let (status, body) = get(&server, "/api/telemetry/status").await;
    assert_eq!(status, 200, "{body}");
    let report: Value = serde_json::from_str(&body).unwrap();
    assert!(report["store"]["spans"].as_u64().unwrap() >= 7, "{report}");
}
