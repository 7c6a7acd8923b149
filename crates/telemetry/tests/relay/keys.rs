//! Ingest keys: who has one, from where it is good, and what becomes of its name.

use aether_telemetry::{Outcome, Telemetry, Vouched};
use axum::body::Body;
use http::{Request, StatusCode};
use tower::ServiceExt;

use super::support::decoded::{attribute, resource};
use super::support::{count, post, three_spans};
use super::{PROTOBUF, message, to_backend, with};

const SHOP: (&str, &str) = ("origin", "https://shop.example");
const BLOG: (&str, &str) = ("origin", "https://blog.example");
const EVIL: (&str, &str) = ("origin", "https://evil.example");

/// The shop has an old and a new key for its own pages; the agent's is good for programs, and for
/// pages of the origins that are good for everybody.
const SETTINGS: [(&str, &str); 3] = [
    (
        "AETHER_TELEMETRY_RELAY_KEYS",
        "shop=pk_shop_new pk_shop_old,agent=pk_agent_1",
    ),
    (
        "AETHER_TELEMETRY_RELAY_KEY_ORIGINS",
        "shop=https://shop.example https://*.shop.example",
    ),
    ("AETHER_TELEMETRY_RELAY_ORIGINS", "https://blog.example"),
];

async fn status(telemetry: &Telemetry, path: &str, headers: &[(&str, &str)]) -> StatusCode {
    let headers = [&[PROTOBUF, ("host", "own.example")], headers].concat();
    let router = telemetry.relay_router();
    post(&router, path, &headers, three_spans()).await.status()
}

#[tokio::test]
async fn the_table_of_keys_and_origins() {
    let telemetry = with(&SETTINGS);
    let key = |key| ("x-aether-key", key);
    let (ok, who, where_from) = (200, 401, 403);
    for (headers, expected) in [
        (&[key("pk_shop_new"), SHOP][..], ok),
        (&[key("pk_shop_old"), SHOP], ok),
        (
            &[key("pk_shop_new"), ("origin", "https://m.shop.example")],
            ok,
        ),
        (&[key("pk_shop_new"), ("origin", "https://own.example")], ok),
        (&[key("pk_shop_new"), BLOG], where_from),
        (&[key("pk_shop_new"), EVIL], where_from),
        (&[key("pk_shop_new")], where_from),
        (&[key("pk_agent_1")], ok),
        (&[key("pk_agent_1"), BLOG], ok),
        (&[key("pk_agent_1"), SHOP], where_from),
        (&[key("pk_shop_ne"), SHOP], who),
        (&[key(""), SHOP], who),
        (&[key("pk_shop_new"), key("pk_agent_1"), SHOP], who),
        (&[SHOP], who),
        (&[], who),
        (&[("origin", "https://own.example")], who),
        // A page that reads says no origin, and its browser says that it is the server's own.
        (&[key("pk_shop_new"), ("sec-fetch-site", "same-origin")], ok),
    ] {
        let found = status(&telemetry, "/v1/traces", headers).await;
        assert_eq!(found, expected, "{headers:?}");
    }
    let path = "/v1/traces?sent_at=1&key=pk_shop_new";
    assert_eq!(status(&telemetry, path, &[SHOP]).await, ok);
    assert_eq!(status(&telemetry, path, &[EVIL]).await, where_from);
    let counts = telemetry.status();
    for (reason, expected) in [("no_key", 3), ("wrong_key", 3), ("foreign_origin", 5)] {
        let found = count(&counts, Outcome::Rejected, "relay", reason);
        assert_eq!(found, expected, "{reason}");
    }
}

#[tokio::test]
async fn a_refusal_says_what_to_do_and_can_be_read_by_listed_pages() {
    let router = with(&SETTINGS).relay_router();
    let response = post(&router, "/v1/traces", &[PROTOBUF, SHOP], vec![]).await;
    let headers = response.headers();
    assert_eq!(headers["access-control-allow-origin"], SHOP.1);
    assert_eq!(headers["www-authenticate"], "x-aether-key");
    let said = message(response).await;
    assert!(said.contains("x-aether-key"), "{said}");
}

#[tokio::test]
async fn what_the_host_has_let_in_needs_no_key() {
    let request = Request::post("/v1/traces")
        .header(PROTOBUF.0, PROTOBUF.1)
        .header(EVIL.0, EVIL.1)
        .extension(Vouched)
        .body(Body::from(three_spans()));
    let router = with(&SETTINGS).relay_router();
    let response = router.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn hosts_can_ask_beforehand() {
    let admits = |telemetry: &Telemetry, method: &str, headers: &[(&str, &str)]| {
        let mut request = Request::builder().method(method).uri("/v1/traces");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        telemetry.relay_admits(&request.body(()).unwrap().into_parts().0)
    };
    let keyed = with(&SETTINGS);
    let key = ("x-aether-key", "pk_shop_new");
    let asks = ("access-control-request-method", "POST");
    assert!(admits(&keyed, "POST", &[key, SHOP]));
    assert!(admits(&keyed, "OPTIONS", &[asks, SHOP]));
    assert!(!admits(&keyed, "POST", &[key, EVIL]));
    assert!(!admits(&keyed, "POST", &[SHOP]));
    assert!(!admits(&keyed, "OPTIONS", &[asks, EVIL]));
    assert!(!admits(&keyed, "OPTIONS", &[SHOP]));
    // Nobody is a stranger where there are no keys, so nobody is let in as one.
    let open = with(&SETTINGS[2..]);
    assert!(!admits(&open, "POST", &[key, BLOG]));
    assert!(!admits(&open, "OPTIONS", &[asks, BLOG]));
    assert!(!admits(&Telemetry::disabled(), "POST", &[key, SHOP]));
}

#[tokio::test]
async fn a_key_names_the_client_in_what_it_sends() {
    let (telemetry, backend) = to_backend(&SETTINGS).await;
    let path = "/v1/traces?key=pk_shop_old";
    assert_eq!(status(&telemetry, path, &[SHOP]).await, 200);
    let resource = resource(&backend.wait(1).await);
    let said = |key| attribute(&resource.attributes, key);
    assert_eq!(said("aether.client").as_deref(), Some("shop"));
    assert_eq!(said("aether.source").as_deref(), Some("browser"));
}
