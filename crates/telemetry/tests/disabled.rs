//! Telemetry that is switched off: nothing runs, and everything says so.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aether_telemetry::{Config, Telemetry};
use http::StatusCode;
use serde_json::Value;
use support::{config, post, start};
use tracing::Subscriber;
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;

#[tokio::test]
async fn disabled_telemetry_says_so() {
    let off = config(&[("OTEL_SDK_DISABLED", "true")]);
    assert_eq!(
        off,
        Config {
            retry: off.retry,
            ..Config::disabled()
        }
    );
    let telemetry = start(off);
    assert!(!telemetry.is_enabled() && !telemetry.status().enabled);
    let response = post(
        &telemetry.relay_router(),
        "/v1/traces",
        &[("content-type", "application/json")],
        "{}",
    )
    .await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let body: Value = serde_json::from_slice(&support::body(response).await).unwrap();
    assert!(
        body["message"]
            .as_str()
            .unwrap()
            .contains("OTEL_SDK_DISABLED")
    );
    let (status, body) = support::get(&telemetry.query_router(), "/services").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(
        body["errors"][0]["msg"]
            .as_str()
            .unwrap()
            .contains("disabled")
    );
    let report = telemetry.shutdown(std::time::Duration::from_secs(1)).await;
    assert!(report.is_complete() && !report.stopped);
}

#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl<S: Subscriber> tracing_subscriber::Layer<S> for Counting {
    fn on_event(&self, _event: &tracing::Event<'_>, _context: Context<'_, S>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A layer that is not there must not switch off its neighbours, in whatever order.
#[test]
fn the_missing_layer_is_no_obstacle() {
    let (before, after) = (Counting::default(), Counting::default());
    let subscriber = tracing_subscriber::registry()
        .with(before.clone())
        .with(Telemetry::disabled().tracing_layer())
        .with(after.clone());
    tracing::subscriber::with_default(subscriber, || tracing::info!("heard"));
    let heard = |layer: &Counting| layer.0.load(Ordering::Relaxed);
    assert_eq!((heard(&before), heard(&after)), (1, 1));
}
