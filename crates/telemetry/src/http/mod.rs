//! HTTP requests in traces: a tower layer for axum, and one for clients.
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
//! requests made by the handler belong to it. Nothing is added to the response.
//!
//! **Where to put it.** With `Router::layer`, after the routes, as above: axum has chosen the route
//! by then. Around the whole router (`ServiceBuilder`) the route is not known yet, and spans are
//! called by their method alone.
//!
//! **When the span ends.** With the body of the response, which is counted on its way and never
//! kept: an hour of server-sent events is a span of an hour. `error.type` is the status from 500
//! on, `aborted` where the body was dropped before its end (the client went away), `body_error`
//! where it failed, `cancelled` where the client went away before there was a response, `panic`,
//! or `service_error` where an inner service failed without a response.
//!
//! **Metrics.** `http.server.request.duration` (s), `http.server.active_requests`,
//! `http.server.request.body.size` (By, what was read of it) and `http.server.response.body.size`
//! (By), by method, route, status and error.
//!
//! **Requests that a handler makes** continue its trace: through a client in [`client_layer`], or
//! with [`inject_headers`] where a client cannot be wrapped.
//!
//! **What is not recorded.** Bodies, headers other than the user agent and the host, and the
//! values of secret parameters in a query. [`DEFAULT_EXCLUDED`] lists the requests that are left
//! alone.
//!
//! <https://opentelemetry.io/docs/specs/semconv/http/>

mod body;
mod client;
mod describe;
mod exchange;
mod exclude;
mod instruments;
mod layer;
mod methods;
mod origin;
mod redact;
mod service;

pub use body::{RequestBody, ResponseBody};
pub use client::{
    ClientRequest, ClientResponse, HttpClientLayer, HttpClientService, client_layer, inject_headers,
};
pub use exclude::{DEFAULT_EXCLUDED, DEFAULT_EXCLUDED_EXTENSIONS};
pub use layer::{HttpLayer, layer};
pub use service::HttpService;
