//! Settings of the layer.

use std::fmt;
use std::sync::Arc;

use http::{Method, Uri};
use opentelemetry::InstrumentationScope;
use opentelemetry::global::ObjectSafeTracerProvider;
use opentelemetry::metrics::MeterProvider;
use tower::Layer;

use super::exclude::Excluded;
use super::instruments::Instruments;
use super::methods::Methods;
use super::service::HttpService;
use crate::provided::Provided;
use crate::socketio::Source;

/// A layer with the defaults. See the [module](crate::http) for where to put it.
#[must_use]
pub fn layer() -> HttpLayer {
    HttpLayer {
        shared: Arc::new(Shared {
            settings: Settings {
                excluded: Excluded::default(),
                methods: Methods::from_env(),
                proxied: false,
                clients: true,
                queries: true,
                secret_parameters: Vec::new(),
            },
            provided: Provided::new(scope, Instruments::new),
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
    pub(super) settings: Settings,
    provided: Provided<Instruments>,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) excluded: Excluded,
    pub(super) methods: Methods,
    /// Whether headers of proxies are believed.
    pub(super) proxied: bool,
    /// Whether addresses of clients are recorded.
    pub(super) clients: bool,
    /// Whether queries are recorded.
    pub(super) queries: bool,
    /// In lower case.
    pub(super) secret_parameters: Vec<Box<str>>,
}

impl HttpLayer {
    /// Leaves requests alone whose path is `path` or below it, besides those excluded already. One
    /// that ends with `/` stands for everything below it alone.
    ///
    /// ```
    /// let layer = aether_telemetry::http::layer().exclude("/metrics").exclude("/static/");
    /// ```
    #[must_use]
    pub fn exclude(mut self, path: impl Into<Box<str>>) -> Self {
        self.settings().excluded.paths.push(path.into());
        self
    }

    /// Leaves requests alone whose path is one of these or below it, instead of
    /// [`DEFAULT_EXCLUDED`](super::DEFAULT_EXCLUDED). Without the paths of the OTLP intake among
    /// them, every export of a browser becomes a span; without Socket.IO's, every poll.
    #[must_use]
    pub fn exclude_only<P: Into<Box<str>>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.settings().excluded.paths = paths.into_iter().map(Into::into).collect();
        self
    }

    /// Leaves requests for files alone whose name ends so, instead of
    /// [`DEFAULT_EXCLUDED_EXTENSIONS`](super::DEFAULT_EXCLUDED_EXTENSIONS): GET and HEAD that
    /// match none of the app's own routes. Extensions without the dot, in any case.
    #[must_use]
    pub fn exclude_extensions<E: Into<Box<str>>>(
        mut self,
        extensions: impl IntoIterator<Item = E>,
    ) -> Self {
        self.settings().excluded.extensions = extensions.into_iter().map(Into::into).collect();
        self
    }

    /// Leaves requests alone for which `covers` answers `true`. It is asked once per request and
    /// must not wait.
    ///
    /// ```
    /// use http::Method;
    ///
    /// let layer = aether_telemetry::http::layer()
    ///     .exclude_if(|method, _uri| *method == Method::OPTIONS);
    /// ```
    #[must_use]
    pub fn exclude_if(
        mut self,
        covers: impl Fn(&Method, &Uri) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.settings().excluded.predicates.push(Arc::new(covers));
        self
    }

    /// Believes what a reverse proxy says about the client (`Forwarded`, else `X-Forwarded-For`,
    /// `-Proto` and `-Host`): `client.address`, `url.scheme` and `server.*` are then those of the
    /// first proxy. Default: no, because where there is no proxy anybody can send these headers.
    #[must_use]
    pub fn behind_proxy(mut self) -> Self {
        self.settings().proxied = true;
        self
    }

    /// Records no address of a client: neither `client.address` nor `network.peer.*`. Default:
    /// recorded where the app is served with
    /// `into_make_service_with_connect_info::<SocketAddr>()`.
    #[must_use]
    pub fn without_client_addresses(mut self) -> Self {
        self.settings().clients = false;
        self
    }

    /// Records no `url.query`. Default: recorded, values of secret parameters replaced.
    #[must_use]
    pub fn without_queries(mut self) -> Self {
        self.settings().queries = false;
        self
    }

    /// Replaces the value of one more parameter in `url.query` by `REDACTED`, its name in any
    /// case. Always replaced: what the conventions list (`sig`, `X-Amz-Signature`, …), names with
    /// `token`, `secret` or `passw` in them, and the like.
    #[must_use]
    pub fn redact_parameter(mut self, name: &str) -> Self {
        let name = name.to_ascii_lowercase().into();
        self.settings().secret_parameters.push(name);
        self
    }

    /// The methods recorded by name, case-sensitive; all others are `_OTHER`. Default: what
    /// `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS` lists, else those of RFC 9110, PATCH and QUERY.
    #[must_use]
    pub fn known_methods<M: Into<String>>(mut self, names: impl IntoIterator<Item = M>) -> Self {
        self.settings().methods = Methods::new(names.into_iter().map(Into::into));
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

    fn settings(&mut self) -> &mut Settings {
        &mut self.edit().settings
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
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn source(&self) -> &Source {
        self.provided.source()
    }

    pub(super) fn instruments(&self) -> &Instruments {
        self.provided.instruments()
    }
}

/// The scope of everything this module records.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("aether-telemetry.http")
        .with_version(env!("CARGO_PKG_VERSION"))
        .build()
}
