//! Pages of other origins: what their browsers are told.

use aether_telemetry::Outcome;
use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use tower::ServiceExt;

use super::support::{count, post, three_spans};
use super::{PROTOBUF, message, with};

const SHOP: &str = "https://www.shop.example";
const ORIGINS: (&str, &str) = (
    "AETHER_TELEMETRY_RELAY_ORIGINS",
    "https://*.shop.example, http://localhost:*",
);
const EVERYBODY: (&str, &str) = ("AETHER_TELEMETRY_RELAY_ORIGINS", "*");

async fn preflight(settings: &[(&str, &str)], origin: &str) -> Response {
    let request = Request::options("/v1/traces")
        .header("host", "telemetry.example")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,traceparent")
        .body(Body::empty())
        .unwrap();
    let router = with(settings).relay_router();
    router.oneshot(request).await.unwrap()
}

async fn send(settings: &[(&str, &str)], headers: &[(&str, &str)]) -> Response {
    let headers = [&[PROTOBUF, ("host", "telemetry.example")], headers].concat();
    let router = with(settings).relay_router();
    post(&router, "/v1/traces", &headers, three_spans()).await
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_listed_page_is_told_what_it_may_send() {
    for origin in [SHOP, "http://localhost:5173"] {
        let response = preflight(&[ORIGINS], origin).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(header(&response, "access-control-allow-origin"), origin);
        assert_eq!(header(&response, "vary"), "origin");
        assert_eq!(header(&response, "access-control-max-age"), "7200");
        assert!(header(&response, "access-control-allow-methods").contains("POST"));
        let headers = header(&response, "access-control-allow-headers");
        let headers: Vec<_> = headers.split(", ").collect();
        for needed in [
            "content-type",
            "content-encoding",
            "traceparent",
            "tracestate",
            "baggage",
            "b3",
            "x-b3-traceid",
            "x-aether-key",
            "x-aether-sent-at",
        ] {
            assert!(headers.contains(&needed), "{needed}");
        }
        assert_eq!(header(&response, "access-control-allow-credentials"), "");
    }
}

#[tokio::test]
async fn a_page_that_is_not_listed_is_told_nothing() {
    for settings in [&[ORIGINS][..], &[]] {
        for origin in [
            "https://shop.example",
            "https://evil.example",
            "https://www.shop.example.evil.example",
            "http://www.shop.example",
            "null",
        ] {
            let response = preflight(settings, origin).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{origin}");
            assert_eq!(header(&response, "access-control-allow-origin"), "");
            assert!(
                message(response)
                    .await
                    .contains("AETHER_TELEMETRY_RELAY_ORIGINS")
            );
        }
    }
}

#[tokio::test]
async fn a_listed_page_may_read_answers_and_refusals() {
    for (kind, status) in [(PROTOBUF, 200), (("content-type", "text/plain"), 415)] {
        let headers = [kind, ("origin", SHOP)];
        let router = with(&[ORIGINS]).relay_router();
        let response = post(&router, "/v1/traces", &headers, three_spans()).await;
        assert_eq!(response.status(), status);
        assert_eq!(header(&response, "access-control-allow-origin"), SHOP);
        let exposed = header(&response, "access-control-expose-headers");
        assert!(exposed.contains("retry-after"), "{exposed}");
    }
}

#[tokio::test]
async fn what_other_pages_send_is_not_taken() {
    let telemetry = with(&[ORIGINS]);
    let router = telemetry.relay_router();
    for headers in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("origin", SHOP), ("origin", "https://evil.example")],
        &[
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
        ],
    ] {
        let headers = [&[PROTOBUF], headers].concat();
        let response = post(&router, "/v1/traces", &headers, three_spans()).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{headers:?}");
        assert_eq!(header(&response, "access-control-allow-origin"), "");
    }
    let refused = count(
        &telemetry.status(),
        Outcome::Rejected,
        "relay",
        "foreign_origin",
    );
    assert_eq!(refused, 4);
}

#[tokio::test]
async fn the_servers_own_pages_and_programs_need_no_entry() {
    for headers in [
        &[][..],
        &[("origin", "https://telemetry.example")],
        &[("origin", "http://telemetry.example")],
        // Behind a proxy that writes another host.
        &[
            ("origin", "https://other.example"),
            ("sec-fetch-site", "same-origin"),
        ],
    ] {
        let response = send(&[ORIGINS], headers).await;
        assert_eq!(response.status(), StatusCode::OK, "{headers:?}");
        assert_eq!(header(&response, "access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn every_origin_is_a_star_and_never_with_credentials() {
    for origin in [SHOP, "null"] {
        let response = preflight(&[EVERYBODY], origin).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(header(&response, "access-control-allow-origin"), "*");
        let response = send(&[EVERYBODY], &[("origin", origin)]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, "access-control-allow-origin"), "*");
    }
    let cookies = ("AETHER_TELEMETRY_RELAY_CREDENTIALS", "true");
    let response = preflight(&[ORIGINS, cookies], SHOP).await;
    assert_eq!(
        header(&response, "access-control-allow-credentials"),
        "true"
    );
    assert_eq!(header(&response, "access-control-allow-origin"), SHOP);
    let both = aether_telemetry::Config::from_lookup(|name| {
        let settings = [EVERYBODY, cookies].into_iter();
        let mut found = settings.filter(|(key, _)| *key == name);
        found.next().map(|(_, value)| value.to_owned())
    });
    let error = both.unwrap_err().to_string();
    assert!(
        error.contains("cookies cannot be allowed to every origin"),
        "{error}"
    );
}

#[tokio::test]
async fn a_plain_question_for_the_options_is_answered() {
    let request = Request::options("/v1/logs").body(Body::empty()).unwrap();
    let response = with(&[]).relay_router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(header(&response, "allow"), "POST, OPTIONS");
}
