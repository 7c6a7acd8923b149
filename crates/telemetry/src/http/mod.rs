//! HTTP requests in traces: a tower layer for axum.
//!
//! ```
//! use aether_telemetry::http;
//! use axum::{Router, routing::get};
//!
//! let app: Router = Router::new()
//!     .route("/users/{id}", get(async || "someone"))
//!     .layer(http::layer());
//! ```
//!
//! Every request gets a span of kind SERVER, `GET /users/{id}`, by the stable HTTP conventions, in
//! the trace that its headers name (B3 single, B3 multi, W3C trace context). Spans, logs and
//! requests made by the handler belong to it.
//!
//! **Where to put it.** With `Router::layer`, after the routes, as above: axum has chosen the route
//! by then. Around the whole router (`ServiceBuilder`) the route is not known yet, and spans are
//! called by their method alone.
//!
//! **When the span ends.** With the response's head. A body that streams for an hour does not keep
//! the span open, and a failure while it streams is not in it.
//!
//! **What is not recorded.** The query of a URL, which may hold secrets, the client's address, and
//! bodies.

mod describe;
mod exchange;
mod layer;
mod service;

pub use layer::{DEFAULT_EXCLUDED, HttpLayer, layer};
pub use service::HttpService;
