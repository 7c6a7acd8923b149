//! `aetherterm telemetry status|dead-letters|replay|discard`, the real program against a server that runs. Alone in its
//! file: the telemetry of a process is one.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aether_telemetry::{Config, Telemetry};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::post;
use serde_json::Value;
use support::cli::run;
use support::{Server, TOKEN, settings, until};
use tokio::net::TcpListener;
use tokio::process::Command;
use tower::ServiceExt;

/// Refuses everything for good until it is told not to.
async fn receiver(well: Arc<AtomicBool>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = async move || match well.load(Ordering::Relaxed) {
        true => (StatusCode::OK, ""),
        false => (StatusCode::BAD_REQUEST, "not like this"),
    };
    let app = Router::new().fallback(post(answer));
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

/// A browser's log record.
async fn record(server: &Server) {
    let body =
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}}]}]}]}"#;
    let request = Request::post("/v1/logs")
        .header("host", "localhost")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/json")
        .body(Body::from(body))
        .unwrap();
    let answered = server.app.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answered.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_shown_sent_again_and_discarded() {
    let well = Arc::new(AtomicBool::new(false));
    let backend = receiver(Arc::clone(&well)).await;
    let endpoint = format!("http://{backend}/v1/logs");
    let config = Config::from_lookup(|name| {
        (name == "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT").then(|| endpoint.clone())
    });
    let telemetry = Telemetry::builder().config(config.unwrap()).build();
    let telemetry = telemetry.unwrap();
    let server = Server::with(settings(), &telemetry).await;
    let url = format!("http://{}", server.address);
    let ask = async |arguments: &[&str]| run(&url, TOKEN, arguments).await;

    let ran = ask(&["dead-letters"]).await;
    assert_eq!(ran.out, "there are no dead letters\n");
    for _ in 0..3 {
        record(&server).await;
    }
    until("all are refused", || telemetry.dead_letters().len() == 3).await;

    let ran = ask(&["dead-letters"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("1 logs"), "{}", ran.out);
    assert!(ran.out.contains("not like this"), "{}", ran.out);
    let ran = ask(&["dead-letters", "--json", "--destination", "elsewhere:1"]).await;
    let list: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(list["dead_letters"].as_array().map(Vec::len), Some(0));
    let ran = ask(&["status"]).await;
    assert!(
        ran.out.contains("refused for good: 3 requests"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains(&format!("{backend} (logs)")),
        "{}",
        ran.out
    );

    let letters = telemetry.dead_letters();
    let ran = ask(&["discard", &letters[0].id, "../status"]).await;
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.out, format!("{} discarded\n", letters[0].id));
    assert!(
        ran.err.contains("there is no dead letter ___status"),
        "{}",
        ran.err
    );

    well.store(true, Ordering::Relaxed);
    let ran = ask(&["replay", &letters[1].id]).await;
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let ran = ask(&["replay"]).await;
    assert_eq!(ran.out, "1 queued again\n");
    until("none is left", || telemetry.dead_letters().is_empty()).await;
}

#[tokio::test]
async fn without_a_server_or_its_token_it_is_2_and_says_why() {
    let server = Server::start().await;
    let url = format!("http://{}", server.address);
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nowhere = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    for (url, token, told) in [
        (
            url.as_str(),
            "another-token-0123456789",
            "does not know this token",
        ),
        (url.as_str(), "", "set AETHERTERM_TOKEN"),
        (nowhere.as_str(), TOKEN, "does not answer"),
        ("ftp://localhost", TOKEN, "write http://host:port"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aetherterm"));
        command
            .env_clear()
            .args(["telemetry", "status", "--server", url]);
        if !token.is_empty() {
            command.env("AETHERTERM_TOKEN", token);
        }
        let output = command.output().await.unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{err}");
        assert!(err.contains(told), "{told}: {err}");
        assert!(!err.contains("another-token"), "{err}");
        assert!(output.stdout.is_empty());
    }
}
