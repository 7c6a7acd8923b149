//! What the telemetry of a process is told to do.
//!
//! A [`Config`] is plain data. It comes from the environment ([`Config::from_env`]) or from any
//! function that answers for a variable name ([`Config::from_lookup`]), so tests need no process
//! environment. Reading collects *all* problems; each names its variable and what is allowed.
//! Nothing in here opens a connection or starts a thread.

mod address;
mod destination;
mod endpoint;
mod error;
mod exporters;
mod headers;
mod hosts;
mod limits;
mod mistakes;
mod parse;
mod read;
mod reader;
mod tls;

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::Signal;

pub use destination::{Compression, Destination, Endpoint, Protocol};
pub use error::{ConfigError, Problem};
pub use limits::Limits;
pub use tls::Tls;

/// Default bound of the embedded store: 64 MiB.
pub const DEFAULT_STORE_BYTES: usize = 64 * 1024 * 1024;
/// Default bound of one destination's queue: 16 MiB.
pub const DEFAULT_QUEUE_BYTES: usize = 16 * 1024 * 1024;
/// Default bound of one relayed request, before and after decompression: 4 MiB.
pub const DEFAULT_MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;
/// Spans leave the SDK after this long when the embedded store is on, so that its page is prompt.
const PROMPT_SPAN_DELAY: Duration = Duration::from_secs(1);

/// Settings of the whole telemetry of one process.
///
/// `Config::default()` is what an empty environment gives: everything on, spans kept in the
/// embedded store, nothing sent anywhere.
///
/// ```
/// use aether_telemetry::Config;
///
/// let config = Config::from_lookup(|name| match name {
///     "OTEL_EXPORTER_OTLP_ENDPOINT" => Some("http://localhost:4318".to_owned()),
///     _ => None,
/// })?;
/// assert_eq!(config.destinations[0].name, "localhost:4318");
/// assert!(config.store_bytes.is_none(), "the store is off once there is an endpoint");
/// # Ok::<(), aether_telemetry::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Whether anything runs at all. `OTEL_ENABLED=false` and `OTEL_SDK_DISABLED=true` both turn
    /// it off. Default: `true`.
    pub enabled: bool,
    /// `OTEL_SERVICE_NAME`, or `service.name` in `OTEL_RESOURCE_ATTRIBUTES`.
    /// Default: the name given to the builder.
    pub service_name: Option<String>,
    /// `OTEL_SERVICE_VERSION`, or `service.version` in `OTEL_RESOURCE_ATTRIBUTES`.
    pub service_version: Option<String>,
    /// `OTEL_RESOURCE_ATTRIBUTES`, without the two above.
    pub resource_attributes: Vec<(String, String)>,
    /// Where telemetry is sent over HTTP. Empty: nowhere. A signal whose
    /// `OTEL_{TRACES,LOGS,METRICS}_EXPORTER` does not name `otlp` is left out.
    pub destinations: Vec<Destination>,
    /// What is printed to standard output, one line of OTLP/JSON per request: the signals whose
    /// `OTEL_{TRACES,LOGS,METRICS}_EXPORTER` names `console`. Default: none.
    pub console: BTreeSet<Signal>,
    /// Bound of the embedded trace store in bytes (`AETHER_TELEMETRY_STORE_BYTES`, default
    /// 64 MiB); `None`: no store. `AETHER_TELEMETRY_STORE` is `auto` (default: a store exactly
    /// when traces have neither an endpoint nor an exporter), `always` or `never`.
    pub store_bytes: Option<usize>,
    /// Bound of each destination's queue in bytes (`AETHER_TELEMETRY_QUEUE_BYTES`, default 16 MiB).
    pub queue_bytes: usize,
    /// How failed requests are repeated.
    pub retry: Retry,
    /// Bound of a relayed request in bytes, as sent and after decompression
    /// (`AETHER_TELEMETRY_MAX_REQUEST_BYTES`, default 4 MiB).
    pub max_request_bytes: usize,
    /// Which new traces are recorded (`OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG`, or the
    /// older `OTEL_SAMPLE_RATE`). Default: all of them, and what the caller decided otherwise.
    pub sampler: Sampler,
    /// What spans and log records may hold (`OTEL_ATTRIBUTE_COUNT_LIMIT` and others).
    pub limits: Limits,
    /// Header formats (`OTEL_PROPAGATORS`). Default: write B3 single, read B3 and W3C.
    pub propagators: Propagators,
    /// Batches of spans (`OTEL_BSP_*`). The default delay is 1 s with the embedded store on,
    /// otherwise 5 s.
    pub spans: Batch,
    /// Batches of log records (`OTEL_BLRP_*`). The default delay is 1 s.
    pub logs: Batch,
    /// How often metrics are exported (`OTEL_METRIC_EXPORT_INTERVAL`, default 60 s).
    pub metric_interval: Duration,
    /// Whether counters are sent as differences instead of totals
    /// (`OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta`). Default: only where the
    /// endpoint is Datadog's, which takes nothing else.
    pub metric_deltas: bool,
    /// Whether histograms have exponential buckets, whatever their instruments advise
    /// (`OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION`, by default
    /// `explicit_bucket_histogram`, otherwise `base2_exponential_bucket_histogram`).
    pub exponential_histograms: bool,
    /// How much telemetry logs about itself (`OTEL_LOG_LEVEL`; `OTEL_DEBUG=true` is the older way
    /// to say `debug`). Default: whatever the program's own filter lets through.
    pub log_level: Option<LevelFilter>,
    /// Settings that are understood and still look like a mistake: one sentence each, without
    /// secrets. The builder logs them.
    pub warnings: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: true,
            service_name: None,
            service_version: None,
            resource_attributes: Vec::new(),
            destinations: Vec::new(),
            console: BTreeSet::new(),
            store_bytes: Some(DEFAULT_STORE_BYTES),
            queue_bytes: DEFAULT_QUEUE_BYTES,
            retry: Retry::default(),
            max_request_bytes: DEFAULT_MAX_REQUEST_BYTES,
            sampler: Sampler::default(),
            limits: Limits::default(),
            propagators: Propagators::default(),
            spans: Batch {
                delay: PROMPT_SPAN_DELAY,
                ..Batch::SPANS
            },
            logs: Batch::LOGS,
            metric_interval: Duration::from_secs(60),
            metric_deltas: false,
            exponential_histograms: false,
            log_level: None,
            warnings: Vec::new(),
        }
    }
}

impl Config {
    /// Reads the process environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every variable whose value cannot be used. A disabled configuration
    /// never fails: with telemetry off, the other variables are not looked at.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| {
            std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
        })
    }

    /// Reads from `lookup`, which answers with the value of a variable or `None`.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        read::read(&lookup)
    }

    /// Directives that apply [`Config::log_level`] to an `EnvFilter` of `tracing_subscriber`, one
    /// for each family of modules that telemetry consists of; none where no level was set.
    ///
    /// A library cannot decide what its program logs, so the program adds them:
    ///
    /// ```
    /// use aether_telemetry::Config;
    /// use tracing_subscriber::EnvFilter;
    ///
    /// let config = Config::from_lookup(|name| (name == "OTEL_DEBUG").then(|| "true".to_owned()))?;
    /// let mut filter = EnvFilter::new("warn");
    /// for directive in config.log_directives() {
    ///     filter = filter.add_directive(directive.parse()?);
    /// }
    /// assert!(filter.to_string().contains("aether_telemetry=debug"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn log_directives(&self) -> Vec<String> {
        let directive =
            |level| ["aether_telemetry", "opentelemetry"].map(|target| format!("{target}={level}"));
        self.log_level
            .map(directive)
            .into_iter()
            .flatten()
            .collect()
    }

    /// Everything off: what `OTEL_SDK_DISABLED=true` gives.
    #[must_use]
    pub fn disabled() -> Self {
        Self {
            enabled: false,
            store_bytes: None,
            ..Self::default()
        }
    }
}

/// Which traces that begin here are recorded.
///
/// <https://opentelemetry.io/docs/specs/otel/trace/sdk/#sampling>
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampler {
    /// Share of new traces that is recorded, from 0 to 1.
    pub ratio: f64,
    /// Whether a decision that arrived with a request is respected. `false` only for the samplers
    /// without `parentbased_` in their name.
    pub parent_based: bool,
}

impl Default for Sampler {
    fn default() -> Self {
        Self {
            ratio: 1.0,
            parent_based: true,
        }
    }
}

/// One header format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagator {
    /// `b3`: one header `b3`.
    B3,
    /// `b3multi`: headers `x-b3-*`.
    B3Multi,
    /// `tracecontext`: W3C `traceparent` and `tracestate`.
    TraceContext,
    /// `baggage`: W3C `baggage`.
    Baggage,
}

/// Header formats for requests that come in and go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Propagators {
    /// Written to outgoing requests.
    pub inject: Vec<Propagator>,
    /// Read from incoming requests; the first one that is present wins. Both B3 forms are read
    /// where either is named.
    pub extract: Vec<Propagator>,
}

impl Default for Propagators {
    fn default() -> Self {
        Self {
            inject: vec![Propagator::B3],
            extract: vec![
                Propagator::B3,
                Propagator::TraceContext,
                Propagator::Baggage,
            ],
        }
    }
}

/// How a request that failed for the moment is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Wait before the first repetition; doubled each time. Default: 1 s.
    pub initial: Duration,
    /// Longest wait, unless the destination asks for more. Default: 30 s.
    pub max: Duration,
    /// A batch that failed for this long is dropped. Default: 5 min.
    pub give_up_after: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            max: Duration::from_secs(30),
            give_up_after: Duration::from_secs(300),
        }
    }
}

/// How a batch processor of the SDK collects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// Longest wait before a batch is handed on (`…_SCHEDULE_DELAY`, milliseconds).
    pub delay: Duration,
    /// Items that may wait; more are dropped (`…_MAX_QUEUE_SIZE`, default 2048).
    pub queue_size: usize,
    /// Items in one batch (`…_MAX_EXPORT_BATCH_SIZE`, default 512).
    pub batch_size: usize,
}

impl Batch {
    pub(crate) const SPANS: Self = Self {
        delay: Duration::from_secs(5),
        queue_size: 2048,
        batch_size: 512,
    };
    pub(crate) const LOGS: Self = Self {
        delay: Duration::from_secs(1),
        queue_size: 2048,
        batch_size: 512,
    };
}

#[cfg(test)]
mod tests;
