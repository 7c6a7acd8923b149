//! The guard before everything: over HTTP without a port, and over a real WebSocket handshake.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod support;

use aether_telemetry::Telemetry;
use aetherterm_backend::{App, app};
use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use support::{Server, TOKEN, settings, token};
use tower::ServiceExt;

/// Each kind of thing that is served.
const EVERYTHING: [(&str, &str); 10] = [
    ("GET", "/"),
    ("GET", "/traces/0af7651916cd43dd8448eb211c80319c"),
    ("GET", "/assets/index.js"),
    ("GET", "/api/health"),
    ("GET", "/api/telemetry/status"),
    ("GET", "/api/nothing"),
    ("POST", "/v1/traces"),
    ("GET", "/jaeger/api/services"),
    ("GET", "/socket.io/?EIO=4&transport=polling"),
    ("POST", "/socket.io/?EIO=4&transport=polling&sid=x"),
];

fn bearer() -> String {
    format!("Bearer {TOKEN}")
}

async fn ask(app: &App, method: &str, uri: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::builder().method(method).uri(uri);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "127.0.0.1:57575");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
}

async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn nothing_answers_without_the_token() {
    let app = app(&settings(), token(), &Telemetry::disabled());
    for (method, uri) in EVERYTHING {
        for headers in [
            &[][..],
            &[("authorization", "Bearer wrong")],
            &[("cookie", "aetherterm_57575=wrong")],
            &[("cookie", "aetherterm_1=0123456789abcdef-test")],
        ] {
            let response = ask(&app, method, uri, headers).await;
            assert_eq!(
                response.status(),
                StatusCode::UNAUTHORIZED,
                "{method} {uri} {headers:?}"
            );
            assert_eq!(response.headers()["x-content-type-options"], "nosniff");
            let body = text(response).await;
            assert!(!body.contains(TOKEN));
        }
    }
}

#[tokio::test]
async fn the_token_from_another_place_is_refused() {
    let app = app(&settings(), token(), &Telemetry::disabled());
    let bearer = bearer();
    for (method, uri) in EVERYTHING {
        for place in [
            ("origin", "http://evil.example"),
            ("origin", "http://127.0.0.1:8000"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("host", "evil.example:57575"),
        ] {
            let response = ask(&app, method, uri, &[("authorization", &bearer), place]).await;
            assert_eq!(
                response.status(),
                StatusCode::FORBIDDEN,
                "{method} {uri} {place:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_token_opens_the_api() {
    let app = app(&settings(), token(), &Telemetry::disabled());
    let (bearer, cookie) = (bearer(), format!("theme=dark; aetherterm_57575={TOKEN}"));
    for credentials in [
        ("authorization", bearer.as_str()),
        ("cookie", cookie.as_str()),
    ] {
        let response = ask(&app, "GET", "/api/health", &[credentials]).await;
        assert_eq!(response.status(), StatusCode::OK, "{credentials:?}");
        let health: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(health["status"], "ok");
        assert_eq!(health["telemetry"]["enabled"], false);
        let open = ask(
            &app,
            "GET",
            "/socket.io/?EIO=4&transport=polling",
            &[credentials],
        )
        .await;
        assert_eq!(open.status(), StatusCode::OK);
        assert!(text(open).await.starts_with("0{"), "engine.io opens");
    }
    let response = ask(&app, "GET", "/api/nothing", &[("authorization", &bearer)]).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn opening_the_page_with_the_token_sets_the_cookie() {
    let app = app(&settings(), token(), &Telemetry::disabled());
    let response = ask(&app, "GET", &format!("/traces?token={TOKEN}&limit=5"), &[]).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()["location"], "/traces?limit=5");
    assert_eq!(
        response.headers()["set-cookie"],
        format!("aetherterm_57575={TOKEN}; HttpOnly; SameSite=Strict; Path=/")
    );
    assert_eq!(response.headers()["cache-control"], "no-store");
    for uri in [
        "/api/health",
        "/socket.io/",
        "/v1/traces",
        "/jaeger/api/services",
    ] {
        let response = ask(&app, "GET", &format!("{uri}?token={TOKEN}"), &[]).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{uri}");
        assert!(!response.headers().contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn a_person_is_told_what_to_do() {
    let app = app(&settings(), token(), &Telemetry::disabled());
    let response = ask(&app, "GET", "/", &[("accept", "text/html,*/*")]).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(
        response.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("frame-ancestors 'none'")
    );
    let page = text(response).await;
    assert!(
        page.starts_with("<!doctype html>") && page.contains("Open the address"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_websocket_handshake_is_guarded() {
    let server = Server::start().await;
    let (bearer, port) = (bearer(), server.address.port());
    let cookie = format!("aetherterm_{port}={TOKEN}");
    let own = format!("http://127.0.0.1:{port}");
    let cases = [
        (&[][..], 401),
        (&[("authorization", "Bearer wrong")], 401),
        (&[("cookie", cookie.as_str())], 101),
        (&[("authorization", bearer.as_str())], 101),
        (
            &[("cookie", cookie.as_str()), ("origin", own.as_str())],
            101,
        ),
        (
            &[
                ("cookie", cookie.as_str()),
                ("origin", "http://127.0.0.1:1"),
            ],
            403,
        ),
        (
            &[
                ("cookie", cookie.as_str()),
                ("origin", "http://localhost:57575"),
            ],
            403,
        ),
        (
            &[("cookie", cookie.as_str()), ("host", "evil.example")],
            403,
        ),
    ];
    for (headers, expected) in cases {
        assert_eq!(server.handshake(headers).await, expected, "{headers:?}");
    }
}
