//! The page: files, addresses of the page itself, caching, compression and policy.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod support;

use std::path::PathBuf;

use aether_telemetry::Telemetry;
use aetherterm_backend::{App, Settings, app};
use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use support::{TOKEN, settings, token};
use tower::ServiceExt;

/// A built page in a folder of its own, removed at the end.
struct Built(PathBuf);

impl Built {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("aetherterm-{name}-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("assets")).unwrap();
        std::fs::write(
            dir.join("index.html"),
            "<!doctype html><title>the page</title>",
        )
        .unwrap();
        std::fs::write(dir.join("favicon.svg"), "<svg/>").unwrap();
        std::fs::write(
            dir.join("assets/app-1a2b.js"),
            "console.log(1);".repeat(500),
        )
        .unwrap();
        std::fs::write(dir.join("assets/client-3c4d.wasm"), vec![0; 5000]).unwrap();
        std::fs::write(dir.join("assets/client-3c4d.wasm.br"), "made by the build").unwrap();
        std::fs::write(
            dir.parent().unwrap().join("aetherterm-outside.txt"),
            "outside",
        )
        .unwrap();
        Self(dir)
    }

    fn app(&self) -> App {
        let settings = Settings {
            web_dir: Some(self.0.clone()),
            ..settings()
        };
        app(&settings, token(), &Telemetry::disabled())
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        // What is left lies in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn get(app: &App, uri: &str, accept_encoding: &str) -> Response {
    let request = Request::get(uri)
        .header("host", "localhost:57575")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("accept-encoding", accept_encoding);
    app.router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
}

async fn body(response: Response) -> Vec<u8> {
    response
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes()
        .to_vec()
}

#[tokio::test]
async fn the_pages_own_addresses_are_the_page() {
    let built = Built::new("addresses");
    let app = built.app();
    for uri in [
        "/",
        "/traces",
        "/traces/0af7651916cd43dd8448eb211c80319c",
        "/monitor?x=1",
        "/index.html",
    ] {
        let response = get(&app, uri, "").await;
        assert_eq!(response.status(), StatusCode::OK, "{uri}");
        assert_eq!(response.headers()["cache-control"], "no-cache", "{uri}");
        assert_eq!(response.headers()["content-type"], "text/html", "{uri}");
        assert!(
            body(response)
                .await
                .starts_with(b"<!doctype html><title>the page"),
            "{uri}"
        );
    }
}

#[tokio::test]
async fn files_come_with_type_and_cache() {
    let built = Built::new("files");
    let app = built.app();
    let forever = "private, max-age=31536000, immutable";
    for (uri, kind, cache) in [
        ("/favicon.svg", "image/svg+xml", "no-cache"),
        ("/assets/app-1a2b.js", "text/javascript", forever),
        ("/assets/client-3c4d.wasm", "application/wasm", forever),
    ] {
        let response = get(&app, uri, "").await;
        assert_eq!(response.status(), StatusCode::OK, "{uri}");
        assert_eq!(response.headers()["content-type"], kind, "{uri}");
        assert_eq!(response.headers()["cache-control"], cache, "{uri}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_the_page() {
    let built = Built::new("missing");
    let app = built.app();
    let (long, deep) = ("x".repeat(300), "x/".repeat(3000));
    for uri in [
        &format!("/assets/{long}"),
        &format!("/assets/{deep}"),
        &format!("/{long}.js"),
        "/assets/old-9z.js",
        "/robots.txt",
        "/assets/",
        "/../aetherterm-outside.txt",
        "/%2e%2e/aetherterm-outside.txt",
        "/assets/..%2f..%2faetherterm-outside.txt",
    ] {
        let response = get(&app, uri, "").await;
        let (status, cache) = (
            response.status(),
            response.headers().get("cache-control").cloned(),
        );
        let bytes = body(response).await;
        assert!(!bytes.starts_with(b"outside"), "{uri} leaves the folder");
        assert_eq!(status, StatusCode::NOT_FOUND, "{uri}");
        assert_eq!(cache.unwrap(), "no-store", "{uri}");
    }
}

#[tokio::test]
async fn text_and_wasm_are_compressed() {
    let built = Built::new("compressed");
    let app = built.app();
    let script = get(&app, "/assets/app-1a2b.js", "gzip").await;
    assert_eq!(script.headers()["content-encoding"], "gzip");
    assert!(body(script).await.len() < 500);
    let ready = get(&app, "/assets/client-3c4d.wasm", "gzip, br").await;
    assert_eq!(ready.headers()["content-encoding"], "br");
    assert_eq!(ready.headers()["content-type"], "application/wasm");
    assert_eq!(body(ready).await, b"made by the build");
    let plain = get(&app, "/assets/app-1a2b.js", "").await;
    assert!(!plain.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn the_policy_names_this_server_only() {
    let built = Built::new("policy");
    let response = get(&built.app(), "/", "").await;
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    for part in [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "connect-src 'self' ws://localhost:57575 wss://localhost:57575",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{policy:?} should contain {part:?}");
    }
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(response.headers()["referrer-policy"], "no-referrer");
}

#[tokio::test]
async fn an_unbuilt_page_says_how_to_build_it() {
    let app = app(&settings(), token(), &Telemetry::disabled());
    let response = get(&app, "/", "").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let page = String::from_utf8(body(response).await).unwrap();
    assert!(
        page.contains("/no/such/page") && page.contains("AETHERTERM_WEB_DIR"),
        "{page}"
    );
}
