//! Settings of the client's layer.

use std::fmt;
use std::sync::Arc;

use opentelemetry::global::ObjectSafeTracerProvider;
use opentelemetry::metrics::{Histogram, Meter, MeterProvider};
use tower::Layer;

use super::service::HttpClientService;
use crate::http::instruments;
use crate::http::layer::scope;
use crate::http::methods::Methods;
use crate::provided::Provided;
use crate::socketio::Source;

/// A layer around a client: any tower service from [`http::Request`] to [`http::Response`]
/// (hyper-util's client, for one), and [`reqwest::Client`] of the 0.13 line.
///
/// Every request becomes a span of kind CLIENT, called by its method, a child of the current span,
/// and carries that context to the server in the headers that
/// [`inject_headers`](super::inject_headers) describes. It ends with the head of the response;
/// `error.type` is the status from 400 on, `cancelled` where nobody waited for it, what reqwest
/// says of its error (`timeout`, `connect`, `redirect`, `request`), or the name of another error's
/// type. `http.client.request.duration` measures the same in seconds.
///
/// Redirects that a client follows by itself are one span, with the URL asked for first.
/// Credentials and the values of secret parameters are left out of `url.full`.
///
/// ```no_run
/// use aether_telemetry::http::client_layer;
/// use tower::{ServiceBuilder, ServiceExt};
///
/// # async fn example() -> Result<(), reqwest::Error> {
/// let client = reqwest::Client::new();
/// let traced = ServiceBuilder::new()
///     .layer(client_layer())
///     .service(client.clone());
/// let request = client.get("http://localhost:3000/stock").build()?;
/// let response = traced.clone().oneshot(request).await?;
/// # let _ = response; Ok(()) }
/// ```
#[must_use]
pub fn client_layer() -> HttpClientLayer {
    HttpClientLayer {
        shared: Arc::new(Shared {
            methods: Methods::from_env(),
            secret_parameters: Vec::new(),
            provided: Provided::new(scope, duration),
        }),
    }
}

/// The layer made by [`client_layer`].
#[derive(Clone)]
pub struct HttpClientLayer {
    shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) methods: Methods,
    /// In lower case.
    pub(super) secret_parameters: Vec<Box<str>>,
    provided: Provided<Histogram<f64>>,
}

impl HttpClientLayer {
    /// Replaces the value of one more parameter in `url.full` by `REDACTED`; see
    /// [`HttpLayer::redact_parameter`](crate::http::HttpLayer::redact_parameter).
    #[must_use]
    pub fn redact_parameter(mut self, name: &str) -> Self {
        let name = name.to_ascii_lowercase().into();
        self.edit().secret_parameters.push(name);
        self
    }

    /// Takes spans to `provider` instead of the global tracer provider.
    #[must_use]
    pub fn with_tracer_provider(mut self, provider: &impl ObjectSafeTracerProvider) -> Self {
        self.edit().provided.take_spans_to(provider);
        self
    }

    /// Takes metrics to `provider` instead of the global meter provider.
    #[must_use]
    pub fn with_meter_provider(mut self, provider: &impl MeterProvider) -> Self {
        self.edit().provided.take_metrics_to(provider);
        self
    }

    fn edit(&mut self) -> &mut Shared {
        Arc::make_mut(&mut self.shared)
    }
}

impl<S> Layer<S> for HttpClientLayer {
    type Service = HttpClientService<S>;

    fn layer(&self, inner: S) -> HttpClientService<S> {
        HttpClientService::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for HttpClientLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientLayer").finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn source(&self) -> &Source {
        self.provided.source()
    }

    pub(super) fn duration(&self) -> &Histogram<f64> {
        self.provided.instruments()
    }
}

fn duration(meter: &Meter) -> Histogram<f64> {
    instruments::duration(
        meter,
        "http.client.request.duration",
        "Time from a request to the head of its response.",
    )
}
