//! The builder: settings made by the program.

mod start;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::error::say_off;
use super::{BuildError, Telemetry};
use crate::check::{CheckReport, Checker};
use crate::config::{Given, process_environment};
use crate::live::Environment;
use crate::pipeline::{self, Identity};
use crate::{Compression, Config, ConfigError, Propagator, Protocol, Route, Signal};

/// Describes a [`Telemetry`]. Everything is optional.
///
/// What is set here wins over the environment, which wins over the file, which wins over the
/// defaults. Values are checked by [`TelemetryBuilder::build`], all at once and by the same rules
/// wherever they stand.
///
/// ```no_run
/// use aether_telemetry::{Protocol, Telemetry};
///
/// let telemetry = Telemetry::builder()
///     .default_service_name("shop")
///     .endpoint("http://collector:4317")
///     .protocol(Protocol::Grpc)
///     .sampler_ratio(0.1)
///     .resource_attribute("deployment.environment.name", "staging")
///     .setting("OTEL_BSP_SCHEDULE_DELAY", "2000")
///     .build()?;
/// # Ok::<(), aether_telemetry::BuildError>(())
/// ```
#[derive(Clone, Default)]
pub struct TelemetryBuilder {
    identity: Identity,
    pub(super) given: Given,
    environment: Option<Arc<Environment>>,
    config: Option<Config>,
    panic_hook: bool,
}

impl fmt::Debug for TelemetryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelemetryBuilder")
            .field("identity", &self.identity)
            .field("given", &self.given)
            .field("environment", &self.environment.is_some())
            .field("config", &self.config)
            .field("panic_hook", &self.panic_hook)
            .finish()
    }
}

impl TelemetryBuilder {
    /// Name of the service where no setting has one. Default: `unknown_service:<program>`.
    #[must_use]
    pub fn default_service_name(mut self, name: impl Into<String>) -> Self {
        self.identity.service_name = Some(name.into());
        self
    }

    /// Version of the service where no setting has one. Default: none.
    #[must_use]
    pub fn default_service_version(mut self, version: impl Into<String>) -> Self {
        self.identity.service_version = Some(version.into());
        self
    }

    /// Folder of the queues on disk where no setting has one (`AETHER_TELEMETRY_QUEUE_FOLDER`);
    /// `AETHER_TELEMETRY_QUEUE=memory` leaves it alone. Default: none, queues are in memory.
    ///
    /// Queues on disk outlive crashes: the relay says that it took something once it is on the
    /// disk, and what was not delivered is sent after the next start. What is not UTF-8 in the
    /// path is replaced.
    #[must_use]
    pub fn default_queue_folder(mut self, path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_string_lossy().into_owned();
        let variable = "AETHER_TELEMETRY_QUEUE_FOLDER";
        self.given
            .set_default(variable, "default_queue_folder", path);
        self
    }

    /// Name of the service, whatever the environment says (`OTEL_SERVICE_NAME`).
    #[must_use]
    pub fn service_name(self, name: impl Into<String>) -> Self {
        self.set("OTEL_SERVICE_NAME", "service_name", name)
    }

    /// Version of the service, whatever the environment says (`OTEL_SERVICE_VERSION`).
    #[must_use]
    pub fn service_version(self, version: impl Into<String>) -> Self {
        self.set("OTEL_SERVICE_VERSION", "service_version", version)
    }

    /// An attribute of everything that is reported (`OTEL_RESOURCE_ATTRIBUTES`), besides those of
    /// the environment and the file; of the same key, this one is reported.
    #[must_use]
    pub fn resource_attribute(mut self, key: &str, value: &str) -> Self {
        let method = "resource_attribute";
        self.given
            .add("OTEL_RESOURCE_ATTRIBUTES", method, key, value);
        self
    }

    /// Whether anything runs (`OTEL_ENABLED`). `OTEL_SDK_DISABLED=true` turns it off all the same.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        self.set("OTEL_ENABLED", "enabled", enabled.to_string())
    }

    /// Whether [`TelemetryBuilder::build`] fails where it would otherwise start with telemetry off
    /// (`AETHER_TELEMETRY_STRICT`). Default: no.
    #[must_use]
    pub fn strict(self, strict: bool) -> Self {
        self.set("AETHER_TELEMETRY_STRICT", "strict", strict.to_string())
    }

    /// A TOML file with settings (`AETHER_TELEMETRY_CONFIG`). A file that cannot be read is a
    /// problem. What is not UTF-8 in the path is replaced.
    #[must_use]
    pub fn config_file(self, path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_string_lossy();
        self.set("AETHER_TELEMETRY_CONFIG", "config_file", path)
    }

    /// Base URL of an OTLP backend (`OTEL_EXPORTER_OTLP_ENDPOINT`): `/v1/traces`, `/v1/logs` and
    /// `/v1/metrics` are appended. For gRPC a URL without path, or `host:port`.
    #[must_use]
    pub fn endpoint(self, url: impl Into<String>) -> Self {
        self.set("OTEL_EXPORTER_OTLP_ENDPOINT", "endpoint", url)
    }

    /// URL for one signal (`OTEL_EXPORTER_OTLP_{SIGNAL}_ENDPOINT`), used as it is.
    #[must_use]
    pub fn signal_endpoint(self, signal: Signal, url: impl Into<String>) -> Self {
        let signal = signal.as_str().to_uppercase();
        let variable = format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT");
        self.set(&variable, "signal_endpoint", url)
    }

    /// A header for the backend (`OTEL_EXPORTER_OTLP_HEADERS`), besides those of the environment;
    /// of the same name, this one is sent. The value is a secret: it is never shown.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.given
            .add("OTEL_EXPORTER_OTLP_HEADERS", "header", name, value);
        self
    }

    /// Encoding and transport (`OTEL_EXPORTER_OTLP_PROTOCOL`). Default: `http/protobuf`.
    #[must_use]
    pub fn protocol(self, protocol: Protocol) -> Self {
        self.set("OTEL_EXPORTER_OTLP_PROTOCOL", "protocol", protocol.as_str())
    }

    /// Compression of what is sent (`OTEL_EXPORTER_OTLP_COMPRESSION`). Default: none.
    #[must_use]
    pub fn compression(self, compression: Compression) -> Self {
        let variable = "OTEL_EXPORTER_OTLP_COMPRESSION";
        self.set(variable, "compression", compression.as_str())
    }

    /// Longest wait for the backend's answer (`OTEL_EXPORTER_OTLP_TIMEOUT`), to the millisecond.
    /// Default: 10 s.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        let milliseconds = timeout.as_millis().to_string();
        self.set("OTEL_EXPORTER_OTLP_TIMEOUT", "timeout", milliseconds)
    }

    /// Share of the traces that begin here that is recorded, 0 to 1; what the caller of a request
    /// decided is respected (`OTEL_TRACES_SAMPLER=parentbased_traceidratio`). Default: 1.
    #[must_use]
    pub fn sampler_ratio(self, ratio: f64) -> Self {
        let method = "sampler_ratio";
        self.set("OTEL_TRACES_SAMPLER", method, "parentbased_traceidratio")
            .set("OTEL_TRACES_SAMPLER_ARG", method, ratio.to_string())
    }

    /// Whether pages record and send anything (`AETHER_TELEMETRY_PAGE_ENABLED`); it may change
    /// later ([`Telemetry::set_page_config`]). Default: `true`.
    #[must_use]
    pub fn page_enabled(self, enabled: bool) -> Self {
        let variable = "AETHER_TELEMETRY_PAGE_ENABLED";
        self.set(variable, "page_enabled", enabled.to_string())
    }

    /// Share of new traces that pages record, 0 to 1 (`AETHER_TELEMETRY_PAGE_SAMPLE_RATIO`).
    /// Default: as the page says.
    #[must_use]
    pub fn page_sample_ratio(self, ratio: f64) -> Self {
        let variable = "AETHER_TELEMETRY_PAGE_SAMPLE_RATIO";
        self.set(variable, "page_sample_ratio", ratio.to_string())
    }

    /// Header formats (`OTEL_PROPAGATORS`): all are written, the first that is present is read. An
    /// empty list means no headers at all.
    #[must_use]
    pub fn propagators(self, list: impl IntoIterator<Item = Propagator>) -> Self {
        let names: Vec<_> = list.into_iter().map(Propagator::as_str).collect();
        let names = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(",")
        };
        self.set("OTEL_PROPAGATORS", "propagators", names)
    }

    /// One more rule that says what goes where ([`Config::routes`]); rules of the program come before
    /// those of the file. A rule that cannot be used is a problem.
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.given.route(route);
        self
    }

    /// Origins whose pages may send to the relay (`AETHER_TELEMETRY_RELAY_ORIGINS`), besides the
    /// server's own: `https://shop.example`, `https://*.shop.example`, `http://localhost:*`, or
    /// `*` for all. Default: none.
    #[must_use]
    pub fn relay_origins(self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let list: Vec<String> = origins.into_iter().map(Into::into).collect();
        let variable = "AETHER_TELEMETRY_RELAY_ORIGINS";
        self.set(variable, "relay_origins", list.join(","))
    }

    /// A key by which pages of a client may send to the relay (`AETHER_TELEMETRY_RELAY_KEYS`),
    /// besides those of the environment; several separated by spaces. Where there is any, pages
    /// have to send one.
    #[must_use]
    pub fn relay_key(mut self, client: &str, key: &str) -> Self {
        self.given
            .add("AETHER_TELEMETRY_RELAY_KEYS", "relay_key", client, key);
        self
    }

    /// Any setting by the name of its variable, as text ([`Setting`](crate::Setting) lists them).
    /// A name that is none is a problem.
    #[must_use]
    pub fn setting(self, variable: &str, value: impl Into<String>) -> Self {
        let method = format!("setting({variable})");
        self.set(variable, &method, value)
    }

    /// Answers for environment variables instead of the process's environment.
    #[must_use]
    pub fn environment<F>(mut self, lookup: F) -> Self
    where
        F: Fn(&str) -> Option<String> + Send + Sync + 'static,
    {
        self.environment = Some(Arc::new(lookup));
        self
    }

    /// Settings to use instead of the builder's, the environment's and the file's.
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

    fn set(mut self, variable: &str, method: &str, value: impl Into<String>) -> Self {
        self.given.set(variable, method, value.into());
        self
    }

    /// The settings that [`TelemetryBuilder::build`] would start with.
    ///
    /// # Errors
    /// Every setting that cannot be used.
    pub fn read(&self) -> Result<Config, ConfigError> {
        if let Some(config) = &self.config {
            let mut config = config.clone();
            let unused = self.given.names().map(|(_, place)| place);
            let unused = unused.map(|place| {
                format!(
                    "{place} has no effect, because TelemetryBuilder::config replaces all settings"
                )
            });
            config.warnings.extend(unused);
            return Ok(config);
        }
        match &self.environment {
            Some(environment) => Config::from_layers(&self.given, &**environment),
            None => Config::from_layers(&self.given, &process_environment),
        }
    }

    /// Checks the destinations as [`Telemetry::check`] does, without starting anything: no
    /// provider, no thread, no store, and nothing becomes global. Settings that cannot be used are
    /// the report's [`problem`](CheckReport::problem).
    pub async fn check(self) -> CheckReport {
        match self.read() {
            Ok(config) => {
                let resource = pipeline::detect_resource(&config, &self.identity);
                Checker::new(&config, resource).run().await
            }
            Err(error) => CheckReport::failed(&error),
        }
    }

    /// Starts telemetry and makes its providers and propagator the global ones. Needs no runtime.
    ///
    /// A setting that cannot be used, or a thread that cannot be had, does not end the program: it
    /// runs with telemetry off. That is said at once, as a `tracing` error or, where nothing takes
    /// those yet, on standard error; [`Telemetry::problem`] and [`Telemetry::status`] hold it, too.
    ///
    /// # Errors
    /// The same, where settings ask for it ([`TelemetryBuilder::strict`]).
    pub fn build(self) -> Result<Telemetry, BuildError> {
        let (strict, started) = match self.read() {
            Ok(config) => (config.strict, self.start(config)),
            Err(error) => (error.is_strict(), Err(error.into())),
        };
        match started {
            Err(error) if !strict => {
                say_off(&error);
                Ok(Telemetry::failed(error))
            }
            started => started,
        }
    }
}
