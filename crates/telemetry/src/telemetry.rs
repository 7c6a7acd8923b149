//! The handle a program holds, and its builder.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use serde::Serialize;
use tokio::sync::oneshot;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::delivery::{Delivery, Undelivered};
use crate::pipeline::{self, Identity, Pipeline};
use crate::status::{self, Status};
use crate::store::Store;
use crate::{Config, ConfigError, ending, query, relay};

/// Why telemetry could not be started. Its message says what to change.
#[derive(Debug)]
pub struct BuildError(Cause);

#[derive(Debug)]
enum Cause {
    Config(ConfigError),
    Start(String),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Config(error) => write!(f, "telemetry is configured wrongly\n{error}"),
            Cause::Start(reason) => write!(f, "telemetry did not start: {reason}"),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Cause::Config(error) => Some(error),
            Cause::Start(_) => None,
        }
    }
}

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
///     .service_version(env!("CARGO_PKG_VERSION"))
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
}

#[derive(Debug)]
pub(crate) struct Running {
    service_name: Option<String>,
    max_request_bytes: usize,
    pub(crate) pipeline: Pipeline,
    pub(crate) delivery: Arc<Delivery>,
    store: Option<Arc<Store>>,
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
    /// What comes in here is marked with the resource attribute `aether.source=browser`.
    /// Authorization is the caller's: wrap the router where not everybody may send.
    pub fn relay_router(&self) -> Router {
        match &self.running {
            Some(running) => {
                relay::router(Arc::clone(&running.delivery), running.max_request_bytes)
            }
            None => relay::disabled(),
        }
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
            None => query::unavailable(
                "telemetry is disabled (OTEL_ENABLED=false or OTEL_SDK_DISABLED=true)",
            ),
        }
    }

    /// What telemetry is doing right now.
    #[must_use]
    pub fn status(&self) -> Status {
        let Some(running) = &self.running else {
            return Status::default();
        };
        Status {
            enabled: true,
            service_name: running.service_name.clone(),
            destinations: status::destinations(&running.delivery),
            store: running.store.as_ref().map(|store| store.status()),
            counts: running.delivery.counters().snapshot(),
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
            Ok(undelivered) => ShutdownReport {
                undelivered,
                stopped: true,
            },
            Err(_) => ShutdownReport::default(),
        }
    }
}

/// What [`Telemetry::shutdown`] came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ShutdownReport {
    /// Telemetry that was accepted and has not reached its destination. It is counted as dropped,
    /// reason `shutdown`.
    pub undelivered: Vec<Undelivered>,
    /// Whether this call stopped telemetry; `false` for one that was disabled or stopped before.
    pub stopped: bool,
}

impl ShutdownReport {
    /// Whether nothing was left.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.undelivered.is_empty()
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_complete() {
            return f.write_str("all telemetry was delivered");
        }
        f.write_str("not delivered:")?;
        for (index, left) in self.undelivered.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            let (items, signal) = (left.items, left.signal);
            write!(
                f,
                "{separator} {items} items of {signal} to {}",
                left.destination
            )?;
        }
        Ok(())
    }
}

/// Describes a [`Telemetry`]. Everything is optional.
#[derive(Debug, Clone, Default)]
pub struct TelemetryBuilder {
    identity: Identity,
    config: Option<Config>,
    panic_hook: bool,
}

impl TelemetryBuilder {
    /// Name of the service where neither `OTEL_SERVICE_NAME` nor `OTEL_RESOURCE_ATTRIBUTES` has
    /// one. Default: `unknown_service:<program>`.
    #[must_use]
    pub fn default_service_name(mut self, name: impl Into<String>) -> Self {
        self.identity.service_name = Some(name.into());
        self
    }

    /// Version of the service where the environment names none. Default: none.
    #[must_use]
    pub fn service_version(mut self, version: impl Into<String>) -> Self {
        self.identity.service_version = Some(version.into());
        self
    }

    /// Settings to use instead of [`Config::from_env`].
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Whether panics are logged through `tracing`, with their place but without their message.
    /// Default: no.
    ///
    /// A panic that ends the process (of the main thread, or of any where it was built with
    /// `panic = "abort"`) waits until everything is delivered, for at most
    /// [`PANIC_TIMEOUT`](crate::PANIC_TIMEOUT). A hook that was there before runs afterwards.
    #[must_use]
    pub fn panic_hook(mut self, install: bool) -> Self {
        self.panic_hook = install;
        self
    }

    /// Starts telemetry and makes its providers and propagator the global ones. Needs no runtime.
    ///
    /// # Errors
    /// A setting that cannot be used, or a thread or HTTP client that could not be had.
    pub fn build(self) -> Result<Telemetry, BuildError> {
        let config = match self.config {
            Some(config) => config,
            None => Config::from_env().map_err(|error| BuildError(Cause::Config(error)))?,
        };
        if !config.enabled {
            return Ok(Telemetry::disabled());
        }
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let failed = |reason| BuildError(Cause::Start(reason));
        let store = config.store_bytes.map(|bytes| Arc::new(Store::new(bytes)));
        let delivery = Delivery::start(&config, store.clone()).map_err(failed)?;
        let delivery = Arc::new(delivery);
        let pipeline = Pipeline::start(&config, &self.identity, &delivery).map_err(failed)?;
        let service_name = config.service_name.or(self.identity.service_name);
        let running = Arc::new(Running {
            service_name,
            max_request_bytes: config.max_request_bytes,
            pipeline,
            delivery,
            store,
            ended: AtomicBool::new(false),
        });
        if self.panic_hook {
            let running = Arc::downgrade(&running);
            pipeline::install_panic_hook(move || ending::flush(&running));
        }
        Ok(Telemetry {
            running: Some(running),
        })
    }
}
