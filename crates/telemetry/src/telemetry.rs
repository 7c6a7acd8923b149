//! The handle a program holds, and its builder.

mod builder;
mod error;
mod operate;
mod report;
mod sources;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use tokio::sync::oneshot;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::check::{CheckReport, Checker};
use crate::config::log_directives;
use crate::delivery::Delivery;
use crate::live::Live;
use crate::pipeline::{self, Pipeline};
use crate::relay::Relay;
use crate::status::{self, Status};
use crate::store::Store;
use crate::{PageConfig, admin, page, prometheus, query, relay};

pub use builder::TelemetryBuilder;
pub use error::BuildError;
pub use operate::Replay;
pub use report::ShutdownReport;

/// The telemetry of a process: cheap to clone, and every clone is the same telemetry.
///
/// Dropped without [`Telemetry::shutdown`], what still waits is lost; a warning says so where there
/// was something. Nothing is sent from a `drop`, because that would have to wait for a network.
///
/// ```no_run
/// use aether_telemetry::{SHUTDOWN_TIMEOUT, Telemetry};
/// use tracing_subscriber::prelude::*;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let telemetry = Telemetry::builder()
///     .default_service_name("shop")
///     .default_service_version(env!("CARGO_PKG_VERSION"))
///     .build()?;
/// tracing_subscriber::registry()
///     .with(telemetry.tracing_layer())
///     .init();
///
/// let app = axum::Router::<()>::new()
///     .merge(telemetry.relay_router())
///     .nest("/jaeger/api", telemetry.query_router());
/// # let _ = app;
/// // … serve `app` …
/// let report = telemetry.shutdown(SHUTDOWN_TIMEOUT).await;
/// if !report.is_complete() {
///     eprintln!("{report}");
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Telemetry {
    running: Option<Arc<Running>>,
    /// Why nothing runs, where that was not asked for.
    problem: Option<Arc<BuildError>>,
}

#[derive(Debug)]
pub(crate) struct Running {
    service_name: Option<String>,
    log_level: Option<LevelFilter>,
    relay: Arc<Relay>,
    pages: Arc<page::Pages>,
    pub(crate) pipeline: Pipeline,
    pub(crate) delivery: Arc<Delivery>,
    store: Option<Arc<Store>>,
    checker: Arc<Checker>,
    live: Live,
    /// Whether a shutdown was asked for.
    pub(crate) ended: AtomicBool,
}

impl Telemetry {
    /// Starts to describe a telemetry.
    #[must_use]
    pub fn builder() -> TelemetryBuilder {
        TelemetryBuilder::default()
    }

    /// Telemetry that does nothing: no thread, no provider, no layer. Its routers answer 404 with
    /// a message that says so.
    #[must_use]
    pub fn disabled() -> Self {
        Self::default()
    }

    fn failed(problem: BuildError) -> Self {
        Self {
            running: None,
            problem: Some(Arc::new(problem)),
        }
    }

    /// Why nothing runs although it should: settings that cannot be used, or a thread that could
    /// not be had. `None` while telemetry runs, and where it was switched off.
    ///
    /// It has been said already when [`TelemetryBuilder::build`] returns: as a `tracing` error, or
    /// on standard error where nothing took `tracing` events yet.
    #[must_use]
    pub fn problem(&self) -> Option<&BuildError> {
        self.problem.as_deref()
    }

    /// Directives for an `EnvFilter` of `tracing_subscriber` that apply `OTEL_LOG_LEVEL` to
    /// telemetry's own messages; none where it is not set. See [`Config::log_directives`].
    ///
    /// [`Config::log_directives`]: crate::Config::log_directives
    #[must_use]
    pub fn log_directives(&self) -> Vec<String> {
        let running = self.running.as_ref();
        log_directives(running.and_then(|running| running.log_level))
    }

    /// Whether anything runs.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.running.is_some()
    }

    /// A layer for `tracing_subscriber`: spans become OpenTelemetry spans, and events become log
    /// records with trace and span id (events of spans, where no destination takes logs).
    ///
    /// Takes INFO and above, and nothing from the libraries that export, so that no telemetry is
    /// made about telemetry. `None` where telemetry is disabled; an `Option` is a layer, too.
    #[must_use]
    pub fn tracing_layer<S>(&self) -> Option<impl Layer<S> + Send + Sync + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let running = self.running.as_ref()?;
        Some(pipeline::layer(&running.pipeline))
    }

    /// `POST /v1/traces`, `/v1/logs` and `/v1/metrics`: takes OTLP from browsers, as protobuf or
    /// JSON, and hands it to the same destinations as the process's own telemetry.
    ///
    /// What comes in here is marked with the resource attribute `aether.source=browser`. Pages of
    /// other origins may send where [`Config::relay`](crate::Config::relay) says so, and have to
    /// bring a key where there are any. A host that lets senders in itself wraps the router, and
    /// puts [`Vouched`](crate::Vouched) into the extensions of what it lets in.
    ///
    /// `GET /v1/config` tells the same pages what to record ([`PageConfig`]); with telemetry off,
    /// nothing.
    ///
    /// For quotas by address, serve it with `into_make_service_with_connect_info::<SocketAddr>()`.
    pub fn relay_router(&self) -> Router {
        match &self.running {
            Some(running) => {
                let pages = page::router(Arc::clone(&running.pages));
                relay::router(Arc::clone(&running.relay), pages)
            }
            None => relay::disabled().merge(page::disabled()),
        }
    }

    /// From now on `GET /v1/config` tells pages this, whatever the settings say: a kill switch
    /// without a restart. Open pages hear of it when their last answer has run out
    /// ([`PageConfig::max_age`]). Does nothing where telemetry is disabled; pages are told that.
    ///
    /// ```
    /// use aether_telemetry::{PageConfig, Telemetry};
    ///
    /// # let telemetry = Telemetry::disabled();
    /// telemetry.set_page_config(&PageConfig {
    ///     enabled: false,
    ///     ..PageConfig::default()
    /// });
    /// ```
    pub fn set_page_config(&self, config: &PageConfig) {
        if let Some(running) = &self.running {
            running.pages.set(config);
        }
    }

    /// Whether a request to a route of the [relay](Telemetry::relay_router) is let in there by its
    /// key, or is a browser's question (a CORS preflight) whether it would be. For hosts that let
    /// nobody in otherwise; the relay looks again. `false` where there are no keys.
    #[must_use]
    pub fn relay_admits(&self, request: &http::request::Parts) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| running.relay.admits(request))
    }

    /// Jaeger's query API on the embedded store, to be nested where Jaeger has it:
    /// `/services`, `/services/{service}/operations`, `/operations`, `/traces`, `/traces/{id}`.
    /// Without a store it answers 404 with a message that says so.
    pub fn query_router(&self) -> Router {
        match &self.running {
            Some(running) => match &running.store {
                Some(store) => query::router(Arc::clone(store)),
                None => query::unavailable(
                    "there is no embedded store: traces are sent to the configured endpoint; set AETHER_TELEMETRY_STORE=always to keep them here as well",
                ),
            },
            None if self.problem.is_some() => query::unavailable(
                "telemetry is off, because it is configured wrongly or could not be started; the log of the start says more",
            ),
            None => query::unavailable(
                "telemetry is disabled (OTEL_ENABLED=false or OTEL_SDK_DISABLED=true)",
            ),
        }
    }

    /// The API to operate telemetry with, to be nested where it is wanted: `GET /status`, `POST
    /// /check`, `GET /dead-letters` and what can be done with them, `GET` and `PUT /config` with
    /// destinations and rules; `GET /openapi.json` describes all of it.
    ///
    /// It shows no secrets, but can delete and send, and have this process read the variables and
    /// files that headers refer to: put authentication around it, and where that
    /// is a cookie, a check of the origin.
    pub fn admin_router(&self) -> Router {
        admin::router(self.clone())
    }

    /// `GET /metrics` for Prometheus, in its text format: the health of telemetry itself, and with
    /// `OTEL_METRICS_EXPORTER=otlp,prometheus` everything this process measures.
    ///
    /// Names follow the specification: dots become `_`, the unit is appended, counters end in
    /// `_total` (`aether_telemetry_dropped_total`, `messaging_process_duration_seconds_bucket`); the
    /// resource is `target_info`. Authorization is the caller's: wrap the router, and give
    /// Prometheus the credentials.
    pub fn prometheus_router(&self) -> Router {
        prometheus::router(self.running.clone())
    }

    /// What telemetry is doing right now.
    #[must_use]
    pub fn status(&self) -> Status {
        let Some(running) = &self.running else {
            return status::off(self.problem());
        };
        let counts = running.delivery.counters().snapshot();
        Status {
            enabled: true,
            off_because: None,
            problems: Vec::new(),
            warnings: running.checker.warnings(),
            service_name: running.service_name.clone(),
            destinations: status::destinations(&running.delivery, &counts),
            store: running.store.as_ref().map(|store| store.status()),
            storage: running.delivery.storage(),
            tail: running.delivery.tail(),
            dead_letters: running.delivery.letters().status(),
            counts,
        }
    }

    /// Hands everything the SDK holds to the destinations' queues and the store, without waiting
    /// for it to be sent. Blocks for as long as the SDK takes, usually milliseconds; meant for
    /// tests and for the moment before a page is shown.
    pub fn flush(&self) {
        if let Some(running) = &self.running {
            running.pipeline.flush();
        }
    }

    /// Sends one span, one log record and one metric to every destination that takes them, past
    /// all queues, and says what each answered. Needs a runtime; takes as long as the slowest
    /// destination, twice its timeout at most.
    ///
    /// The items are named `telemetry check`, belong to this service and carry the attribute
    /// `aether.check`. What telemetry itself does meanwhile is not disturbed.
    ///
    /// ```
    /// # async fn example(telemetry: aether_telemetry::Telemetry) {
    /// let report = telemetry.check().await;
    /// if !report.is_ok() {
    ///     eprintln!("{report}");
    /// }
    /// # }
    /// ```
    pub async fn check(&self) -> CheckReport {
        match (&self.running, &self.problem) {
            (Some(running), _) => running.checker.run().await,
            (None, Some(problem)) => CheckReport::failed(problem),
            (None, None) => CheckReport::default(),
        }
    }

    /// Stops everything: spans still in the SDK are handed over, queues are sent, and by `timeout`
    /// (usually [`SHUTDOWN_TIMEOUT`](crate::SHUTDOWN_TIMEOUT)) the report says what was left. Never
    /// waits longer. A second call reports nothing.
    pub async fn shutdown(&self, timeout: Duration) -> ShutdownReport {
        let Some(running) = self.running.clone() else {
            return ShutdownReport::default();
        };
        running.ended.store(true, Ordering::Relaxed);
        let (handed_over, received) = oneshot::channel();
        let Some(answer) = running.delivery.worker().finish(timeout, received) else {
            return ShutdownReport::default();
        };
        // The SDK's shutdown blocks and not all of it keeps to a timeout, so it gets a thread;
        // the worker's deadline is the one that counts.
        let stopping = std::thread::Builder::new()
            .name("aether-shutdown".to_owned())
            .spawn(move || {
                running.pipeline.stop(timeout);
                // Nobody listens any more once the deadline has passed.
                let _ = handed_over.send(());
            });
        if let Err(error) = stopping {
            tracing::warn!("spans held by the SDK are lost: {error}");
        }
        match answer.await {
            Ok(left) => ShutdownReport {
                undelivered: left.undelivered,
                kept: left.kept,
                stopped: true,
            },
            Err(_) => ShutdownReport::default(),
        }
    }
}
