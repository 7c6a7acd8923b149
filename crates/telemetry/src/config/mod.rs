//! What the telemetry of a process is told to do.
//!
//! A [`Config`] is plain data. Settings are looked up by the name of their variable through three
//! layers: what the program gave the builder, the environment, a TOML file. The first that answers
//! wins; then the default holds. Headers and resource attributes of all layers are taken together,
//! key by key. A signal's own setting wins over the general one, wherever either stands.
//!
//! Reading collects *all* problems; each says where the setting stands and what is allowed.
//! Nothing in here opens a connection or starts a thread.

mod address;
mod batch;
mod catalogue;
mod destination;
mod durable;
mod endpoint;
mod error;
mod exporters;
mod file;
mod flow;
mod headers;
mod hosts;
mod layers;
mod limits;
mod metrics;
mod mistakes;
mod page;
mod parse;
mod propagators;
mod read;
mod reader;
mod relay;
mod resource;
mod retry;
mod route;
mod routes;
mod sampler;
mod several;
mod tail;
mod tls;

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::Signal;

pub(crate) use address::shown as masked_address;
pub use batch::Batch;
pub use catalogue::Setting;
pub use destination::{Compression, Destination, Endpoint, Protocol};
pub use durable::Durable;
pub use error::{ConfigError, Problem};
pub(crate) use file::MAX_DESTINATIONS;
pub use flow::Flow;
pub(crate) use layers::Given;
pub use limits::Limits;
pub use metrics::Temporality;
pub(crate) use page::MAX_RULES as MAX_PAGE_RULES;
pub use page::{PageConfig, PageRule, PageSubject};
pub use propagators::{Propagator, Propagators};
pub(crate) use read::{Parsed, Text, file_named, read_all};
pub use relay::{
    ClientAddress, Network, OriginPattern, Quota, RelayClient, RelayLimits, RelaySettings, Scrub,
    ValueRule,
};
pub(crate) use relay::{Needs, Origin};
pub use retry::Retry;
pub use route::{Action, Change, Edit, Literal, Owner, Route, Subject, Test};
pub(crate) use route::{MAX_REGEX, MAX_ROUTES, applies};
pub use routes::HashKey;
pub(crate) use routes::{EMBEDDED, names};
pub use sampler::Sampler;
pub use tail::Tail;
pub use tls::Tls;

/// Default bound of the embedded store: 64 MiB.
pub const DEFAULT_STORE_BYTES: usize = 64 * 1024 * 1024;
/// Default bound of one destination's queue: 16 MiB.
pub const DEFAULT_QUEUE_BYTES: usize = 16 * 1024 * 1024;
/// Default bound of one destination's queue on disk: 512 MiB.
pub const DEFAULT_DISK_QUEUE_BYTES: usize = 512 * 1024 * 1024;
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
    /// Whether a setting that cannot be used, or a thread that cannot be had, is an error of
    /// [`TelemetryBuilder::build`](crate::TelemetryBuilder::build) (`AETHER_TELEMETRY_STRICT`).
    /// Default: `false`, the program runs with telemetry off.
    pub strict: bool,
    /// `OTEL_SERVICE_NAME`, or `service.name` in `OTEL_RESOURCE_ATTRIBUTES`.
    /// Default: the name given to the builder.
    pub service_name: Option<String>,
    /// `OTEL_SERVICE_VERSION`, or `service.version` in `OTEL_RESOURCE_ATTRIBUTES`.
    pub service_version: Option<String>,
    /// `OTEL_RESOURCE_ATTRIBUTES`, without the two above.
    pub resource_attributes: Vec<(String, String)>,
    /// Where telemetry is sent. Empty: nowhere. A signal whose
    /// `OTEL_{TRACES,LOGS,METRICS}_EXPORTER` does not name `otlp` is left out.
    pub destinations: Vec<Destination>,
    /// What is printed to standard output, one line of OTLP/JSON per request: the signals whose
    /// `OTEL_{TRACES,LOGS,METRICS}_EXPORTER` names `console`. Default: none.
    pub console: BTreeSet<Signal>,
    /// Bound of the embedded trace store in bytes (`AETHER_TELEMETRY_STORE_BYTES`, default
    /// 64 MiB); `None`: no store. `AETHER_TELEMETRY_STORE` is `auto` (default: a store exactly
    /// when traces have neither an endpoint nor an exporter), `always` or `never`.
    pub store_bytes: Option<usize>,
    /// Bound of each destination's queue in bytes (`AETHER_TELEMETRY_QUEUE_BYTES`, default 16 MiB,
    /// or 512 MiB on disk, where destinations share what they both wait for).
    pub queue_bytes: usize,
    /// Where queues are on disk (`AETHER_TELEMETRY_QUEUE`, `AETHER_TELEMETRY_QUEUE_FOLDER`).
    /// Default: none, queues are in memory.
    pub durable: Option<Durable>,
    /// How failed requests are repeated.
    pub retry: Retry,
    /// Rules that say what goes where: those of the builder, then the `[[route]]` tables of the
    /// file. Default: none, everything goes to every destination that takes its signal.
    pub routes: Vec<Route>,
    /// Names of destinations that nothing is sent to for now: what comes for them waits (`paused` of
    /// the file). Default: none.
    pub paused: BTreeSet<String>,
    /// Names of destinations that take nothing new: what waits is sent, then they are gone
    /// (`draining` of the file). Default: none.
    pub draining: BTreeSet<String>,
    /// Which traces are kept once they are known as a whole (`AETHER_TELEMETRY_TAIL`). Default: none,
    /// all are.
    pub tail: Option<Tail>,
    /// Key of attributes that are hashed (`AETHER_TELEMETRY_HASH_KEY`). Default: none, which lets
    /// anybody who guesses a value confirm it.
    pub hash_key: Option<HashKey>,
    /// Bound of a relayed request in bytes, as sent and after decompression
    /// (`AETHER_TELEMETRY_MAX_REQUEST_BYTES`, default 4 MiB).
    pub max_request_bytes: usize,
    /// Who may send to the relay, how much, and what becomes of it (`AETHER_TELEMETRY_RELAY_*`).
    pub relay: RelaySettings,
    /// What pages are told to record (`AETHER_TELEMETRY_PAGE_ENABLED` and others).
    pub page: PageConfig,
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
    /// Whether sums are sent as totals or as differences
    /// (`OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`). Default: totals, except where an
    /// endpoint is Datadog's, which takes differences only.
    pub metric_temporality: Temporality,
    /// Whether histograms have exponential buckets, whatever their instruments advise
    /// (`OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION`, by default
    /// `explicit_bucket_histogram`, otherwise `base2_exponential_bucket_histogram`).
    pub exponential_histograms: bool,
    /// Whether everything this process measures can be scraped, and not only the health of
    /// telemetry itself: `OTEL_METRICS_EXPORTER` names `prometheus`. See
    /// [`Telemetry::prometheus_router`](crate::Telemetry::prometheus_router). Default: no, because
    /// each measurement is added up once more for it.
    pub prometheus: bool,
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
            strict: false,
            service_name: None,
            service_version: None,
            resource_attributes: Vec::new(),
            destinations: Vec::new(),
            console: BTreeSet::new(),
            store_bytes: Some(DEFAULT_STORE_BYTES),
            queue_bytes: DEFAULT_QUEUE_BYTES,
            durable: None,
            retry: Retry::default(),
            routes: Vec::new(),
            paused: BTreeSet::new(),
            draining: BTreeSet::new(),
            tail: None,
            hash_key: None,
            max_request_bytes: DEFAULT_MAX_REQUEST_BYTES,
            relay: RelaySettings::default(),
            page: PageConfig::default(),
            sampler: Sampler::default(),
            limits: Limits::default(),
            propagators: Propagators::default(),
            spans: Batch {
                delay: PROMPT_SPAN_DELAY,
                ..Batch::SPANS
            },
            logs: Batch::LOGS,
            metric_interval: metrics::DEFAULT_INTERVAL,
            metric_temporality: Temporality::default(),
            exponential_histograms: false,
            prometheus: false,
            log_level: None,
            warnings: Vec::new(),
        }
    }
}

impl Config {
    /// Reads the process environment, and the file that `AETHER_TELEMETRY_CONFIG` names.
    ///
    /// # Errors
    /// [`ConfigError`] with every setting whose value cannot be used. A disabled configuration
    /// never fails: with telemetry off, the other settings are not looked at.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(process_environment)
    }

    /// Reads from `lookup`, which answers with the value of a variable or `None`, and from the
    /// file that `AETHER_TELEMETRY_CONFIG` names.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        read::read(&Given::default(), &lookup)
    }

    /// As [`Config::from_lookup`], with what the builder was given before everything else.
    pub(crate) fn from_layers(
        given: &Given,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        read::read(given, environment)
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
        log_directives(self.log_level)
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

/// See [`Config::log_directives`].
pub(crate) fn log_directives(level: Option<LevelFilter>) -> Vec<String> {
    let directive =
        |level| ["aether_telemetry", "opentelemetry"].map(|target| format!("{target}={level}"));
    level.map(directive).into_iter().flatten().collect()
}

/// The value of a variable of this process. What is not UTF-8 in it is replaced.
pub(crate) fn process_environment(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    Some(value.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
