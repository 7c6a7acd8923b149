//! `aetherterm telemetry config|destinations|routes`, the real program against a server that runs. Alone in its file:
//! the telemetry of a process is one.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod support;

use std::path::PathBuf;

use aether_telemetry::Telemetry;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::post;
use serde_json::Value;
use support::cli::run;
use support::{Server, TOKEN, settings, until};
use tokio::net::TcpListener;
use tower::ServiceExt;

const SPANS: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"GET /health","traceId":"01010101010101010101010101010101","spanId":"0101010101010101"}]}]}]}"#;

/// A folder that is gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("aetherterm-edit-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn settings(&self) -> String {
        std::fs::read_to_string(self.0.join("telemetry.toml")).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn receiver() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(post(async || StatusCode::OK));
    tokio::spawn(axum::serve(listener, app).into_future());
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn destinations_and_rules_are_changed_from_the_command_line() {
    let folder = Folder::new();
    let telemetry = Telemetry::builder()
        .environment(|_| None)
        .default_config_file(folder.0.join("telemetry.toml"))
        .build()
        .unwrap();
    let server = Server::with(settings(), &telemetry).await;
    let url = format!("http://{}", server.address);
    let ask = async |arguments: &[&str]| run(&url, TOKEN, arguments).await;
    let backend = receiver().await;
    let endpoint = format!("endpoint={backend}");

    let ran = ask(&[
        "destinations",
        "add",
        "my shop",
        &endpoint,
        "retry.max_ms=5000",
        "--header",
        "key=hunter2",
    ])
    .await;
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(
        folder.settings().contains("hunter2"),
        "{}",
        folder.settings()
    );
    let ran = ask(&["destinations", "add", "my shop", &endpoint]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("already"), "{}", ran.err);
    let ran = ask(&[
        "destinations",
        "set",
        "my shop",
        "timeout_ms=5000",
        "--unset",
        "retry",
        "--json",
    ])
    .await;
    let shop = &ran.json()["destinations"][0];
    assert_eq!(
        (&shop["timeout_ms"], &shop["retry"]),
        (&5000.into(), &Value::Null)
    );
    assert_eq!(shop["headers"]["key"], "****");
    let ran = ask(&["destinations", "set", "my shop", "timeout_ms=soon"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("timeout_ms=soon"), "{}", ran.err);
    let ran = ask(&["destinations", "test", "my shop"]).await;
    assert_eq!(
        (ran.code, ran.out.lines().count()),
        (Some(0), 3),
        "{}",
        ran.err
    );
    // The server's own spans go there, too, so it may have been used by then.
    for (command, paused) in [("pause", true), ("resume", false)] {
        let ran = ask(&["destinations", command, "my shop"]).await;
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let ran = ask(&["status"]).await;
        assert!(ran.out.contains("my shop (traces"), "{}", ran.out);
        assert_eq!(ran.out.contains("PAUSED"), paused, "{}", ran.out);
    }

    let ran = ask(&["config", "get"]).await;
    assert!(ran.out.contains("key = \"****\""), "{}", ran.out);
    let rule = "\n[[route]]\nname = \"health\"\nwhen = { name = \"GET /health\" }\ndrop = true\n";
    let changed = folder.file("changed.toml", &(ran.out + rule));
    let ran = ask(&["config", "check", &changed]).await;
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(!ran.out.contains("note:"), "{}", ran.out);
    assert!(!folder.settings().contains("health"));
    let ran = ask(&["config", "apply", &changed, "--if-match", "\"old\""]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("somebody changed"), "{}", ran.err);
    let ran = ask(&["config", "apply", &changed]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(folder.settings().contains("health") && folder.settings().contains("hunter2"));
    let wrong = folder.file("wrong.toml", "[[destination]]\nendpoint = 7\n[[route]]\n");
    let ran = ask(&["config", "check", &wrong]).await;
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("telemetry.toml:2") && ran.err.contains("route 1"),
        "{}",
        ran.err
    );

    let sample = folder.file("sample.json", SPANS);
    let ran = ask(&["routes", "dry-run", "--sample", &sample]).await;
    assert!(
        ran.out
            .contains("GET /health [health] -> dropped by health"),
        "{}{}",
        ran.out,
        ran.err
    );
    let rules = folder.file(
        "rules.toml",
        "[[route]]\nname = \"all\"\nto = [\"my shop\"]\n",
    );
    let ran = ask(&["routes", "dry-run", "--sample", &sample, "--rules", &rules]).await;
    assert!(
        ran.out.contains("GET /health [all] -> my shop"),
        "{}{}",
        ran.out,
        ran.err
    );

    let ran = ask(&["config", "versions", "--json"]).await;
    let versions = ran.json()["versions"].as_array().unwrap().len();
    assert!(versions >= 3, "{versions}");
    let ran = ask(&["config", "restore", "1"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(!folder.settings().contains("health"));
    let ran = ask(&["destinations", "add", "slow", &endpoint]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let ran = ask(&["destinations", "pause", "slow"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let spans = Request::post("/v1/traces")
        .header("content-type", "application/json")
        .body(Body::from(SPANS))
        .unwrap();
    let taken = telemetry.relay_router().oneshot(spans).await.unwrap();
    assert_eq!(taken.status(), StatusCode::OK);
    let ran = ask(&["destinations", "delete", "slow"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert!(ran.err.contains("items wait for slow"), "{}", ran.err);
    assert!(ran.err.contains("--discard"), "{}", ran.err);
    let ran = ask(&["destinations", "delete", "slow", "--discard"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let ran = ask(&["destinations", "drain", "my shop"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    until("it is gone", || telemetry.status().destinations.is_empty()).await;
    let ran = ask(&["destinations", "delete", "my shop"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("no destination my shop"), "{}", ran.err);

    // A page of another site cannot do any of it, whatever cookie the browser has.
    for (method, path) in [
        ("PUT", "/api/telemetry/config"),
        ("DELETE", "/api/telemetry/destinations/a"),
    ] {
        let request = Request::builder().method(method).uri(path);
        let request = request
            .header("host", "localhost")
            .header("origin", "https://evil.example")
            .header("if-match", "*")
            .header("authorization", format!("Bearer {TOKEN}"))
            .body(Body::from("{}"))
            .unwrap();
        let answered = server.app.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answered.status(), StatusCode::FORBIDDEN);
    }
}
