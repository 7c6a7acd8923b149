//! Settings of the layer.

use std::fmt;
use std::sync::{Arc, OnceLock};

use opentelemetry::InstrumentationScope;
use opentelemetry::global::{self, ObjectSafeTracerProvider};
use opentelemetry::metrics::{Histogram, Meter, MeterProvider};
use tower::Layer;

use super::service::HttpService;
use crate::socketio::{DURATION_BUCKETS, Source};

/// Paths that make no spans unless set otherwise: what telemetry itself asks for, Socket.IO's
/// transport (its events have spans of their own) and the files of a page.
pub const DEFAULT_EXCLUDED: &[&str] = &[
    "/socket.io/",
    "/v1/traces",
    "/v1/metrics",
    "/v1/logs",
    "/jaeger/api/",
    "/assets/",
    "/favicon.ico",
];

/// A layer with the defaults. See the [module](crate::http) for where to put it.
#[must_use]
pub fn layer() -> HttpLayer {
    HttpLayer {
        shared: Arc::new(Shared {
            excluded: DEFAULT_EXCLUDED.iter().map(|&path| path.into()).collect(),
            source: Arc::default(),
            duration: Arc::default(),
        }),
    }
}

/// The layer made by [`layer`].
///
/// Spans go to the global tracer provider and metrics to the global meter provider, both looked up
/// at the first request.
#[derive(Clone)]
pub struct HttpLayer {
    shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
pub(super) struct Shared {
    excluded: Vec<Box<str>>,
    source: Arc<OnceLock<Source>>,
    duration: Arc<OnceLock<Histogram<f64>>>,
}

impl HttpLayer {
    /// Leaves requests alone whose path starts with `prefix`, besides those excluded already.
    #[must_use]
    pub fn exclude(mut self, prefix: impl Into<Box<str>>) -> Self {
        self.edit().excluded.push(prefix.into());
        self
    }

    /// Leaves requests alone whose path starts with one of these, instead of
    /// [`DEFAULT_EXCLUDED`]. Without the paths of the OTLP intake among them, every export of a
    /// browser becomes a span.
    #[must_use]
    pub fn exclude_only<P: Into<Box<str>>>(
        mut self,
        prefixes: impl IntoIterator<Item = P>,
    ) -> Self {
        self.edit().excluded = prefixes.into_iter().map(Into::into).collect();
        self
    }

    /// Takes spans to `provider` instead of the global tracer provider.
    #[must_use]
    pub fn with_tracer_provider(mut self, provider: &impl ObjectSafeTracerProvider) -> Self {
        self.edit().source = Arc::new(OnceLock::from(Source::new(provider, scope())));
        self
    }

    /// Takes metrics to `provider` instead of the global meter provider.
    #[must_use]
    pub fn with_meter_provider(mut self, provider: &impl MeterProvider) -> Self {
        let duration = duration(&provider.meter_with_scope(scope()));
        self.edit().duration = Arc::new(OnceLock::from(duration));
        self
    }

    fn edit(&mut self) -> &mut Shared {
        Arc::make_mut(&mut self.shared)
    }
}

impl<S> Layer<S> for HttpLayer {
    type Service = HttpService<S>;

    fn layer(&self, inner: S) -> HttpService<S> {
        HttpService::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for HttpLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpLayer")
            .field("excluded", &self.shared.excluded)
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn excludes(&self, path: &str) -> bool {
        self.excluded
            .iter()
            .any(|prefix| path.starts_with(&**prefix))
    }

    pub(super) fn source(&self) -> &Source {
        self.source.get_or_init(|| Source::global(scope()))
    }

    pub(super) fn duration(&self) -> &Histogram<f64> {
        self.duration
            .get_or_init(|| duration(&global::meter_with_scope(scope())))
    }
}

fn duration(meter: &Meter) -> Histogram<f64> {
    meter
        .f64_histogram("http.server.request.duration")
        .with_unit("s")
        .with_description("Time from the arrival of a request to the head of its response.")
        .with_boundaries(DURATION_BUCKETS.to_vec())
        .build()
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("aether-telemetry.http")
        .with_version(env!("CARGO_PKG_VERSION"))
        .build()
}
