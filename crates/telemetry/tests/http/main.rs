//! HTTP in traces: the layer around a real axum router, and around clients.

// Helpers are no `#[test]` functions, where the lint knows better.
#![allow(clippy::unwrap_used)]

mod bodies;
mod client;
mod metrics;
mod observed;
#[path = "../common/providers.rs"]
mod providers;
mod requests;
#[path = "../common/spans.rs"]
#[allow(
    dead_code,
    reason = "shared with the tests of Socket.IO, which ask spans more"
)]
mod spans;
