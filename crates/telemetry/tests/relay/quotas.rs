//! Quotas: what is too much is refused with the time to come back, and counted.

use std::net::SocketAddr;

use aether_telemetry::{Outcome, Telemetry};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::{Request, StatusCode};
use tower::ServiceExt;

use super::support::{count, three_spans};
use super::{PROTOBUF, gzip, message, with};

async fn from(telemetry: &Telemetry, address: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::post("/v1/traces").header(PROTOBUF.0, PROTOBUF.1);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let peer: SocketAddr = address.parse().unwrap();
    let compressed = headers.iter().any(|(name, _)| *name == "content-encoding");
    let body = match compressed {
        // Unknown fields in plenty: 60 000 bytes from some hundred.
        true => gzip(&[b"\x9a\x06\xe0\xd4\x03".to_vec(), vec![0; 60_000]].concat()),
        false => three_spans(),
    };
    let request = request.extension(ConnectInfo(peer)).body(Body::from(body));
    let router = telemetry.relay_router();
    router.oneshot(request.unwrap()).await.unwrap()
}

#[tokio::test]
async fn one_client_cannot_take_what_is_for_all() {
    let telemetry = with(&[("AETHER_TELEMETRY_RELAY_CLIENT_REQUESTS", "1")]);
    let mut response = from(&telemetry, "192.0.2.1:1000", &[]).await;
    // Another port is the same client; another address is another one.
    for port in 2000..2050 {
        assert_eq!(response.status(), StatusCode::OK);
        response = from(&telemetry, &format!("192.0.2.1:{port}"), &[]).await;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "1");
    let said = message(response).await;
    assert!(
        said.contains("AETHER_TELEMETRY_RELAY_CLIENT_REQUESTS"),
        "{said}"
    );
    let response = from(&telemetry, "192.0.2.2:1000", &[]).await;
    assert_eq!(response.status(), StatusCode::OK);
    let refused = count(
        &telemetry.status(),
        Outcome::Rejected,
        "relay",
        "client_quota",
    );
    assert_eq!(refused, 1);
}

#[tokio::test]
async fn behind_a_trusted_proxy_everybody_is_someone_else() {
    let telemetry = with(&[
        ("AETHER_TELEMETRY_RELAY_CLIENT_REQUESTS", "1"),
        ("AETHER_TELEMETRY_RELAY_TRUSTED_PROXIES", "10.0.0.0/8"),
    ]);
    for client in 0..20 {
        let address = format!("192.0.2.{client}");
        let headers = [("x-forwarded-for", address.as_str())];
        let response = from(&telemetry, "10.0.0.1:1000", &headers).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
    // Somebody who only says so is himself.
    let mut refused = 0;
    for client in 0..20 {
        let address = format!("192.0.2.{client}");
        let headers = [("x-forwarded-for", address.as_str())];
        let response = from(&telemetry, "203.0.113.9:1000", &headers).await;
        refused += u32::from(response.status() == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused >= 10, "{refused}");
}

#[tokio::test]
async fn bytes_count_as_they_are_after_decompression() {
    let telemetry = with(&[("AETHER_TELEMETRY_RELAY_BYTES", "1000")]);
    let compressed = [("content-encoding", "gzip")];
    let response = from(&telemetry, "192.0.2.1:1", &compressed).await;
    assert_eq!(response.status(), StatusCode::OK);
    let response = from(&telemetry, "192.0.2.2:1", &compressed).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait = response.headers()["retry-after"].to_str().unwrap();
    // 60 000 bytes at 1000 per second, and 2000 of them were there already.
    let wait: u64 = wait.parse().unwrap();
    assert!((50..60).contains(&wait), "{wait}");
    let refused = count(
        &telemetry.status(),
        Outcome::Rejected,
        "relay",
        "total_quota",
    );
    assert_eq!(refused, 1);
}

#[tokio::test]
async fn strangers_with_keys_have_a_quota_of_their_own() {
    let telemetry = with(&[("AETHER_TELEMETRY_RELAY_KEYS", "agent=pk_agent_1")]);
    let headers = [("x-aether-key", "pk_agent_1")];
    let mut refused = 0;
    for _ in 0..200 {
        let response = from(&telemetry, "192.0.2.1:1", &headers).await;
        refused += u32::from(response.status() == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(
        refused > 0,
        "200 requests at once are more than 50 per second"
    );
}
