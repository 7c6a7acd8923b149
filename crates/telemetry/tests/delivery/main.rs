//! Delivery against receivers that do what real ones do: take all, take a part, refuse, ask to
//! wait, break off, never answer, show a bad certificate.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "helpers of tests, which may fail"
)]

mod certificates;
mod encodings;
mod fields;
mod flow;
mod grpc;
mod grpc_backend;
mod http;
mod sizes;
#[path = "../support/mod.rs"]
mod support;
mod tls;

use std::fmt::Debug;

use aether_telemetry::{Config, Endpoint, Outcome, Protocol, Signal, Telemetry};
use support::wait_for;

/// Settings for traces only, sent to that URL.
fn traces_to(url: &str, protocol: Protocol) -> Config {
    let mut config = support::config(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "300"),
    ]);
    endpoint(&mut config).protocol = protocol;
    config
}

/// The endpoint of traces.
fn endpoint(config: &mut Config) -> &mut Endpoint {
    let destination = &mut config.destinations[0];
    destination.endpoints.get_mut(&Signal::Traces).unwrap()
}

fn exported(telemetry: &Telemetry, destination: &str) -> u64 {
    support::count(&telemetry.status(), Outcome::Exported, destination, "")
}

fn dropped(telemetry: &Telemetry, destination: &str, reason: &str) -> u64 {
    support::count(&telemetry.status(), Outcome::Dropped, destination, reason)
}

/// Waits until nothing is queued any more.
async fn settled(telemetry: &Telemetry) {
    wait_for("the queue is empty", || {
        let queue = telemetry.status().destinations[0].queue;
        (queue.items == 0).then_some(())
    })
    .await;
}

/// The last error of the first destination.
fn last_error(telemetry: &Telemetry, of: impl Debug) -> String {
    let health = telemetry.status().destinations[0].health.clone();
    let error = health.last_error;
    error.unwrap_or_else(|| panic!("no error is shown: {of:?}"))
}
