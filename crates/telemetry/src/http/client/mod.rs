//! Requests that this process makes: their context, a span of kind CLIENT and a measurement.
//!
//! <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span>

mod call;
mod describe;
mod layer;
mod message;
mod service;

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry_http::HeaderInjector;

pub use layer::{HttpClientLayer, client_layer};
pub use message::{ClientRequest, ClientResponse};
pub use service::HttpClientService;

/// Writes the current context to the headers of a request, so that who answers it continues the
/// trace: `b3` unless `OTEL_PROPAGATORS` (or the builder) says otherwise. For clients that
/// [`client_layer`] cannot wrap. Headers of that name which are there already are replaced.
///
/// Writes nothing outside of a trace, and nothing before a [`Telemetry`](crate::Telemetry) was
/// started.
///
/// ```
/// use aether_telemetry::http::inject_headers;
///
/// let mut headers = http::HeaderMap::new();
/// inject_headers(&mut headers);
/// ```
pub fn inject_headers(headers: &mut HeaderMap) {
    inject(&Context::current(), headers);
}

fn inject(context: &Context, headers: &mut HeaderMap) {
    opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.inject_context(context, &mut HeaderInjector(headers));
    });
}
