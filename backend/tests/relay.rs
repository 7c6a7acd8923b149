//! Telemetry from pages of other origins: a key of the relay opens `/v1`, and nothing else.
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
use support::{Server, TOKEN, settings, token};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::ServiceExt;

const KEY: (&str, &str) = ("x-aether-key", "pk_shop_1");
const SHOP: (&str, &str) = ("origin", "https://shop.example");
const EVIL: (&str, &str) = ("origin", "https://evil.example");
const CROSS: (&str, &str) = ("sec-fetch-site", "cross-site");

fn telemetry(variables: &'static [(&str, &str)]) -> Telemetry {
    let builder = Telemetry::builder().environment(move |name| {
        let mut found = variables.iter().filter(|(key, _)| *key == name);
        found.next().map(|(_, value)| (*value).to_owned())
    });
    builder.build().unwrap()
}

fn keyed() -> Telemetry {
    telemetry(&[
        ("AETHER_TELEMETRY_RELAY_KEYS", "shop=pk_shop_1"),
        (
            "AETHER_TELEMETRY_RELAY_KEY_ORIGINS",
            "shop=https://shop.example",
        ),
    ])
}

async fn ask(app: &App, method: &str, uri: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::builder()
        .method(method)
        .uri(uri)
        .header("content-type", "application/json");
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "127.0.0.1:57575");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from("{}")).unwrap();
    app.router.clone().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn a_key_opens_the_relay_from_its_origins() {
    let app = app(&settings(), token(), &keyed());
    for (path, headers, expected) in [
        ("/v1/traces", &[KEY, SHOP, CROSS][..], 200),
        ("/v1/logs?key=pk_shop_1", &[SHOP, CROSS], 200),
        (
            "/v1/metrics",
            &[KEY, SHOP, CROSS, ("cookie", "aetherterm_57575=wrong")],
            200,
        ),
        ("/v1/traces", &[SHOP, CROSS], 403),
        ("/v1/traces", &[KEY, EVIL, CROSS], 403),
        (
            "/v1/traces",
            &[("x-aether-key", "pk_shop_2"), SHOP, CROSS],
            403,
        ),
        ("/v1/traces", &[KEY], 401),
        (
            "/v1/traces",
            &[KEY, SHOP, CROSS, ("host", "evil.example")],
            403,
        ),
        ("/v1/nothing", &[KEY, SHOP, CROSS], 404),
    ] {
        let response = ask(&app, "POST", path, headers).await;
        assert_eq!(response.status(), expected, "{path} {headers:?}");
        if expected == 200 {
            let origin = &response.headers()["access-control-allow-origin"];
            assert_eq!(origin, SHOP.1);
        }
    }
}

#[tokio::test]
async fn a_key_opens_nothing_else() {
    let app = app(&settings(), token(), &keyed());
    for (method, uri) in [
        ("GET", "/"),
        ("GET", "/api/health"),
        ("GET", "/api/telemetry/status"),
        ("GET", "/jaeger/api/services"),
        ("GET", "/jaeger/api/services?key=pk_shop_1"),
        ("GET", "/v1"),
        ("GET", "/v1/../api/health"),
        ("GET", "/socket.io/?EIO=4&transport=polling&key=pk_shop_1"),
    ] {
        let response = ask(&app, method, uri, &[KEY, SHOP, CROSS]).await;
        let status = response.status();
        let refused = status == StatusCode::FORBIDDEN || status == StatusCode::NOT_FOUND;
        assert!(refused, "{method} {uri} {status}");
        let response = ask(&app, method, uri, &[KEY]).await;
        assert_eq!(
            response.status(),
            StatusCode::UNAUTHORIZED,
            "{method} {uri}"
        );
    }
}

#[tokio::test]
async fn browsers_are_told_before_they_send() {
    let asks = ("access-control-request-method", "POST");
    let wants = (
        "access-control-request-headers",
        "content-type,x-aether-key",
    );
    let keyed = app(&settings(), token(), &keyed());
    let response = ask(&keyed, "OPTIONS", "/v1/traces", &[asks, wants, SHOP, CROSS]).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(response.headers()["access-control-allow-origin"], SHOP.1);
    let allowed = response.headers()["access-control-allow-headers"].to_str();
    assert!(allowed.unwrap().contains("x-aether-key"));
    for (uri, origin) in [("/v1/traces", EVIL), ("/api/health", SHOP)] {
        let response = ask(&keyed, "OPTIONS", uri, &[asks, wants, origin, CROSS]).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{uri}");
        assert!(
            !response
                .headers()
                .contains_key("access-control-allow-origin")
        );
    }
}

#[tokio::test]
async fn without_keys_nobody_is_let_in_and_the_page_needs_none() {
    let origins = telemetry(&[("AETHER_TELEMETRY_RELAY_ORIGINS", "https://shop.example")]);
    let bearer = format!("Bearer {TOKEN}");
    let bearer = ("authorization", bearer.as_str());
    let own = ("origin", "http://127.0.0.1:57575");
    let open = app(&settings(), token(), &origins);
    let response = ask(&open, "POST", "/v1/traces", &[KEY, SHOP, CROSS]).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let keyed = app(&settings(), token(), &keyed());
    for headers in [&[bearer][..], &[bearer, own]] {
        let response = ask(&keyed, "POST", "/v1/traces", headers).await;
        assert_eq!(response.status(), StatusCode::OK, "{headers:?}");
    }
}

/// Over a real connection, where the server knows who is connected.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_one_client_is_held_back() {
    let telemetry = telemetry(&[
        ("AETHER_TELEMETRY_RELAY_KEYS", "agent=pk_agent_1"),
        ("AETHER_TELEMETRY_RELAY_CLIENT_REQUESTS", "1"),
    ]);
    let server = Server::with(settings(), &telemetry).await;
    let mut answers = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = format!(
            "POST /v1/logs HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nx-aether-key: pk_agent_1\r\n\
             content-length: 2\r\nconnection: close\r\n\r\n{{}}",
            server.address
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answers.push(answer);
    }
    assert!(answers[0].starts_with("HTTP/1.1 200"), "{}", answers[0]);
    let held = answers
        .iter()
        .find(|answer| answer.starts_with("HTTP/1.1 429"));
    let held = held.expect("four at once are more than one per second");
    assert!(
        held.to_ascii_lowercase().contains("retry-after: 1"),
        "{held}"
    );
}
