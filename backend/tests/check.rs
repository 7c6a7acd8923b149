//! `aetherterm telemetry check`, the real program against receivers on free ports.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

use std::net::SocketAddr;
use std::process::Output;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;

/// Answers each signal with that status.
async fn receiver(traces: StatusCode, logs: StatusCode, metrics: StatusCode) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = |status: StatusCode| post(async move || status);
    let app = Router::new()
        .route("/v1/traces", answer(traces))
        .route("/v1/logs", answer(logs))
        .route("/v1/metrics", answer(metrics));
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

/// Runs the program with nothing in its environment but this.
async fn check(flags: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aetherterm"));
    command.args(["telemetry", "check"]).args(flags);
    command.env_clear().envs(environment.iter().copied());
    command.output().await.unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn all_accepted_is_0() {
    let address = receiver(StatusCode::OK, StatusCode::ACCEPTED, StatusCode::OK).await;
    let endpoint = format!("http://{address}");
    let output = check(&[], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]).await;
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for part in [
        &format!("ok traces to {endpoint}/v1/traces (http/protobuf, compression none)"),
        "HTTP 202 Accepted",
        "3 of 3 accepted; look for service aetherterm-backend, trace ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn a_refusal_is_1_with_its_remedy_and_json_says_the_same() {
    let address = receiver(StatusCode::OK, StatusCode::UNAUTHORIZED, StatusCode::OK).await;
    let endpoint = format!("http://{address}");
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=hunter22"),
        ("OTEL_SERVICE_NAME", "shop"),
    ];
    let output = check(&[], &environment).await;
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("FAILED logs to "), "{text}");
    assert!(text.contains("check OTEL_EXPORTER_OTLP_HEADERS"), "{text}");
    assert!(text.contains("2 of 3 accepted"), "{text}");

    let output = check(&["--json"], &environment).await;
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(!text.contains("hunter22"), "{text}");
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["service_name"], "shop");
    let results = report["results"].as_array().unwrap();
    let verdict = |signal: &str| {
        let mut found = results.iter().filter(|result| result["signal"] == signal);
        let result = found.next().unwrap();
        (result["accepted"].clone(), result["answer"].clone())
    };
    assert_eq!(verdict("traces"), (json!(true), json!("HTTP 200 OK")));
    let refused = (json!(false), json!("HTTP 401 Unauthorized"));
    assert_eq!(verdict("logs"), refused);
}

#[tokio::test]
async fn where_nothing_can_be_sent_it_is_2_and_says_why() {
    for (environment, expected) in [
        (&[][..], "no destination is configured"),
        (&[("OTEL_ENABLED", "false")], "telemetry is switched off"),
        (
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:14268")],
            "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:14268",
        ),
    ] {
        let output = check(&[], environment).await;
        let text = printed(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(expected), "{expected}: {text}");
        let output = check(&["--json"], environment).await;
        assert_eq!(output.status.code(), Some(2));
        let report: Value = serde_json::from_str(&printed(&output)).unwrap();
        assert_eq!(report["results"], json!([]));
    }
}
