//! `/metrics`: the health of telemetry always, everything that is measured when asked for.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use aether_telemetry::{Telemetry, http::layer};
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, StatusCode};
use support::{body, config, relay, start, three_spans};
use tower::ServiceExt;

/// A scrape: status, content type, text.
async fn scrape(router: Router) -> (StatusCode, String, String) {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let kind = response.headers()["content-type"].to_str().unwrap();
    let kind = kind.to_owned();
    let text = String::from_utf8(body(response).await).unwrap();
    (status, kind, text)
}

/// The value of the series that has this name and all of these labels.
fn value(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let line = text.lines().find(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
            && labels.iter().all(|label| line.contains(label))
    })?;
    line.rsplit_once(' ')?.1.parse().ok()
}

/// Providers are global, so these stand in one test.
#[tokio::test]
async fn health_is_always_there_and_the_rest_when_asked_for() {
    let quiet = start(config(&[("OTEL_SERVICE_NAME", "shop")]));
    assert_eq!(relay(&quiet, three_spans()).await, StatusCode::OK);
    let bad = relay(&quiet, vec![0xff; 8]).await;
    assert_eq!(bad, StatusCode::BAD_REQUEST);

    let (status, kind, text) = scrape(quiet.prometheus_router()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(kind, "text/plain; version=0.0.4");
    let accepted = [r#"destination="embedded""#, r#"signal="traces""#];
    let name = "aether_telemetry_accepted_total";
    assert_eq!(value(&text, name, &accepted), Some(3.0), "{text}");
    let rejected = [r#"reason="malformed""#, r#"destination="relay""#];
    let name = "aether_telemetry_rejected_total";
    assert_eq!(value(&text, name, &rejected), Some(1.0), "{text}");
    assert!(
        value(&text, "target_info", &[r#"service_name="shop""#]).is_some(),
        "{text}"
    );
    assert!(!text.contains("http_server"), "{text}");

    // Everything, although nothing is sent anywhere.
    let all = start(config(&[("OTEL_METRICS_EXPORTER", "prometheus")]));
    let app = Router::new()
        .route("/hello/{name}", get(async || "hello"))
        .layer(layer());
    let request = Request::get("/hello/you").body(Body::empty()).unwrap();
    let answered = app.oneshot(request).await.unwrap();
    // A request has ended when its body has been read.
    body(answered).await;
    let (_, _, text) = scrape(all.prometheus_router()).await;
    let route = [r#"http_route="/hello/{name}""#];
    let name = "http_server_request_duration_seconds_count";
    assert_eq!(value(&text, name, &route), Some(1.0), "{text}");
    let queued = "# TYPE aether_telemetry_queued gauge";
    assert!(
        text.contains("# TYPE http_server_request_duration_seconds histogram"),
        "{text}"
    );
    // There is no destination, so nothing can wait for one.
    assert!(!text.contains(queued), "{text}");
}

#[tokio::test]
async fn without_telemetry_nothing_is_measured() {
    let (status, _, text) = scrape(Telemetry::disabled().prometheus_router()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(text.contains("telemetry is off"), "{text}");
}
