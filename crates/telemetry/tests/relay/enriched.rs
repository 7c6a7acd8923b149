//! What the relay adds, takes out and corrects, as a backend gets it.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aether_telemetry::Telemetry;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::support::decoded::{attribute, logs, resource, spans};
use super::{JSON, to_backend};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn send(telemetry: &Telemetry, path: &str, headers: &[(&str, &str)], body: Value) {
    let mut request = Request::post(path).header(JSON.0, JSON.1);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let peer: SocketAddr = "203.0.113.77:4711".parse().unwrap();
    let request = request
        .extension(ConnectInfo(peer))
        .body(Body::from(body.to_string()));
    let router = telemetry.relay_router();
    let response = router.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// A span that ended at that time.
fn span(ended: Duration) -> Value {
    json!({"resourceSpans": [{"scopeSpans": [{"spans": [{
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "s",
        "startTimeUnixNano": (ended - Duration::from_millis(20)).as_nanos().to_string(),
        "endTimeUnixNano": ended.as_nanos().to_string(),
        "attributes": [{"key": "url.full", "value": {"stringValue": "https://a/b?token=hunter2"}}],
    }]}]}]})
}

#[tokio::test]
async fn who_sent_it_is_said_as_far_as_it_is_wanted() {
    let headers = [("user-agent", "Mozilla/5.0 (tests)")];
    for (wanted, address) in [
        (&[][..], None),
        (
            &[("AETHER_TELEMETRY_RELAY_CLIENT_ADDRESS", "network")],
            Some("203.0.113.0"),
        ),
        (
            &[("AETHER_TELEMETRY_RELAY_CLIENT_ADDRESS", "full")],
            Some("203.0.113.77"),
        ),
    ] {
        let (telemetry, backend) = to_backend(wanted).await;
        send(&telemetry, "/v1/traces", &headers, span(now())).await;
        let resource = resource(&backend.wait(1).await);
        let said = |key| attribute(&resource.attributes, key);
        assert_eq!(said("client.address").as_deref(), address);
        assert_eq!(said("user_agent.original").as_deref(), Some(headers[0].1));
        assert_eq!(said("aether.clock.corrected"), None);
    }
}

#[tokio::test]
async fn clocks_that_are_off_are_corrected() {
    for (off, said_so) in [(true, true), (true, false), (false, true)] {
        let (telemetry, backend) = to_backend(&[]).await;
        // A day ahead shows in the telemetry itself; a day behind only where the page says it.
        let theirs = match (off, said_so) {
            (true, true) => now() - DAY,
            (true, false) => now() + DAY,
            (false, _) => now(),
        };
        let sent_at = theirs.as_millis().to_string();
        let path = match said_so {
            true => format!("/v1/traces?sent_at={sent_at}"),
            false => "/v1/traces".to_owned(),
        };
        send(&telemetry, &path, &[], span(theirs)).await;
        let received = backend.wait(1).await;
        let span = &spans(&received)[0];
        let ended = Duration::from_nanos(span.end_time_unix_nano);
        let difference = now().abs_diff(ended);
        assert!(difference < Duration::from_secs(60), "{off} {difference:?}");
        assert_eq!(
            span.end_time_unix_nano - span.start_time_unix_nano,
            20_000_000
        );
        let resource = resource(&received);
        let corrected = attribute(&resource.attributes, "aether.clock.corrected");
        assert_eq!(corrected.is_some(), off);
        let offset = attribute(&resource.attributes, "aether.clock.offset_ms");
        let offset = offset.map_or(0, |offset| offset.parse::<i64>().unwrap());
        let day = i64::try_from(DAY.as_millis()).unwrap();
        let expected = match (off, said_so) {
            (true, true) => day,
            (true, false) => -day,
            (false, _) => 0,
        };
        assert!((offset - expected).abs() < 60_000, "{offset}");
    }
}

#[tokio::test]
async fn secrets_do_not_get_through() {
    let (telemetry, backend) = to_backend(&[
        ("AETHER_TELEMETRY_RELAY_SCRUB_DELETE", "user.phone"),
        (
            "AETHER_TELEMETRY_RELAY_SCRUB_VALUES",
            r"iban=\b[A-Z]{2}\d{2}[A-Z0-9]{11%2C30}\b",
        ),
    ])
    .await;
    let log = json!({"resourceLogs": [{
    "resource": {"attributes": [{"key": "api_key", "value": {"stringValue": "hunter2"}}]},
    "scopeLogs": [{"logRecords": [{
        "body": {"stringValue": "to DE89370400440532013000, Bearer hunter2hunter2hunter2"},
        "attributes": [
            {"key": "user.phone", "value": {"stringValue": "hunter2"}},
            {"key": "headers", "value": {"kvlistValue": {"values": [
                {"key": "Cookie", "value": {"stringValue": "hunter2"}}]}}},
            {"key": "fine", "value": {"stringValue": "as it is"}}],
    }]}]}]});
    send(&telemetry, "/v1/logs", &[], log).await;
    let received = backend.wait(1).await;
    let body = String::from_utf8_lossy(&received[0].body);
    assert!(!body.contains("hunter2"), "{body}");
    let log = &logs(&received)[0];
    assert_eq!(log.text(), "to ****, Bearer ****");
    let keys: Vec<_> = log.record.attributes.iter().map(|a| &*a.key).collect();
    assert_eq!(keys, ["headers", "fine"]);
    send(&telemetry, "/v1/traces", &[], span(now())).await;
    let spans = spans(&backend.wait(2).await);
    let url = attribute(&spans[0].attributes, "url.full");
    assert_eq!(url.as_deref(), Some("https://a/b?token=****"));
}
