//! The OpenTelemetry settings as flags. Their meaning is the telemetry library's; here they are names and help.

use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

/// A telemetry setting.
#[derive(Debug, Clone, Copy)]
pub struct OtelVariable {
    /// The environment variable.
    pub name: &'static str,
    /// What it does, with its default and unit.
    pub help: &'static str,
    /// Whether its value is a secret.
    pub secret: bool,
}

const fn plain(name: &'static str, help: &'static str) -> OtelVariable {
    OtelVariable {
        name,
        help,
        secret: false,
    }
}

const fn secret(name: &'static str, help: &'static str) -> OtelVariable {
    OtelVariable {
        name,
        help,
        secret: true,
    }
}

/// Every telemetry setting, in the order in which `--help` shows them.
pub const VARIABLES: &[OtelVariable] = &[
    plain(
        "OTEL_ENABLED",
        "false switches telemetry off; the terminal works without [default: true]",
    ),
    plain(
        "OTEL_SDK_DISABLED",
        "true switches telemetry off, as above [default: false]",
    ),
    plain(
        "OTEL_LOG_LEVEL",
        "How much telemetry logs about itself: none, error, warn, info, debug or verbose [default: as AETHERTERM_LOG says]",
    ),
    plain(
        "OTEL_DEBUG",
        "true is the older way to say OTEL_LOG_LEVEL=debug [default: false]",
    ),
    plain(
        "OTEL_SERVICE_NAME",
        "Name of this server in traces [default: aetherterm-backend]",
    ),
    plain(
        "OTEL_SERVICE_VERSION",
        "Its version in traces [default: the version of this program]",
    ),
    plain(
        "OTEL_RESOURCE_ATTRIBUTES",
        "Attributes of everything reported: key=value,key=value [default: none]",
    ),
    plain(
        "OTEL_TRACES_EXPORTER",
        "What is done with traces: otlp (send them to the endpoint), console (print them to standard output, a line of JSON per request), both with a comma, or none [default: otlp]",
    ),
    plain("OTEL_LOGS_EXPORTER", "The same for logs [default: otlp]"),
    plain(
        "OTEL_METRICS_EXPORTER",
        "The same for metrics [default: otlp]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "Base URL of an OTLP/HTTP backend; /v1/traces, /v1/logs and /v1/metrics are appended [default: none; traces are kept in memory and shown in the page]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "URL for traces, used as it is [default: from the base URL]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
        "URL for logs, used as it is [default: from the base URL]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "URL for metrics, used as it is [default: from the base URL]",
    ),
    secret(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "Headers for the backend: key=value,key=value, percent-encoded. Secret: prefer the variable [default: none]",
    ),
    secret(
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        "Headers for traces, instead of the above [default: none]",
    ),
    secret(
        "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
        "Headers for logs, instead of the above [default: none]",
    ),
    secret(
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
        "Headers for metrics, instead of the above [default: none]",
    ),
    secret(
        "DD_API_KEY",
        "Datadog's API key, for Datadog endpoints. Secret: prefer the variable [default: none]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "http/protobuf, http/json or grpc [default: http/protobuf]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_COMPRESSION",
        "none, gzip or zstd [default: none]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "Longest wait for the backend's answer, in milliseconds [default: 10000]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "Protocol for traces, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
        "Compression for traces, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        "Longest wait, in milliseconds, for traces, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
        "Protocol for logs, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION",
        "Compression for logs, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT",
        "Longest wait, in milliseconds, for logs, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
        "Protocol for metrics, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
        "Compression for metrics, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
        "Longest wait, in milliseconds, for metrics, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_INSECURE",
        "true: gRPC endpoints without http:// or https:// are reached without TLS [default: false]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "File of certificates in PEM to trust besides the system's [default: none]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
        "File with this server's certificate chain in PEM, for backends that ask for one [default: none]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_CLIENT_KEY",
        "File with its private key in PEM [default: none]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_TRACES_INSECURE",
        "The same for traces, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
        "Certificates to trust for traces, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
        "This server's certificate for traces, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
        "Its private key for traces, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_LOGS_INSECURE",
        "The same for logs, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE",
        "Certificates to trust for logs, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE",
        "This server's certificate for logs, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY",
        "Its private key for logs, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_METRICS_INSECURE",
        "The same for metrics, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
        "Certificates to trust for metrics, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
        "This server's certificate for metrics, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY",
        "Its private key for metrics, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "cumulative, delta or lowmemory [default: cumulative; delta for Datadog]",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        "explicit_bucket_histogram or base2_exponential_bucket_histogram [default: explicit_bucket_histogram]",
    ),
    plain(
        "OTEL_TRACES_SAMPLER",
        "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or parentbased_traceidratio [default: parentbased_always_on]",
    ),
    plain(
        "OTEL_TRACES_SAMPLER_ARG",
        "Part of traces to record, 0 to 1, for the samplers with a ratio [default: 1]",
    ),
    plain(
        "OTEL_SAMPLE_RATE",
        "The same without naming a sampler, 0 to 1 [default: 1]",
    ),
    plain(
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        "Most attributes of a span, event, link or log record; more are dropped and counted [default: 128]",
    ),
    plain(
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "Longest text in an attribute, in characters; the rest is cut off [default: any length]",
    ),
    plain(
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "Most attributes of a span, instead of the above [default: as above]",
    ),
    plain(
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "Longest text in a span's attribute, its events' and links' included [default: as above]",
    ),
    plain(
        "OTEL_SPAN_EVENT_COUNT_LIMIT",
        "Most events of a span [default: 128]",
    ),
    plain(
        "OTEL_SPAN_LINK_COUNT_LIMIT",
        "Most links of a span [default: 128]",
    ),
    plain(
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        "Most attributes of a span's event [default: as above]",
    ),
    plain(
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
        "Most attributes of a span's link [default: as above]",
    ),
    plain(
        "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
        "Most attributes of a log record [default: as above]",
    ),
    plain(
        "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "Longest text in a log record's attribute [default: as above]",
    ),
    plain(
        "OTEL_PROPAGATORS",
        "Header formats: b3, b3multi, tracecontext, baggage, none [default: write b3, read b3, b3multi and tracecontext]",
    ),
    plain(
        "OTEL_BSP_SCHEDULE_DELAY",
        "Longest time until spans are exported, in milliseconds [default: 1000 when kept in memory, else 5000]",
    ),
    plain(
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "Most spans waiting for export [default: 2048]",
    ),
    plain(
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "Most spans in one export [default: 512]",
    ),
    plain(
        "OTEL_BLRP_SCHEDULE_DELAY",
        "Longest time until logs are exported, in milliseconds [default: 1000]",
    ),
    plain(
        "OTEL_BLRP_MAX_QUEUE_SIZE",
        "Most log records waiting for export [default: 2048]",
    ),
    plain(
        "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
        "Most log records in one export [default: 512]",
    ),
    plain(
        "OTEL_METRIC_EXPORT_INTERVAL",
        "Time between two exports of metrics, in milliseconds [default: 60000]",
    ),
    plain(
        "AETHER_TELEMETRY_STORE",
        "Whether traces are kept in memory for the page: auto (when there is no traces endpoint), always or never [default: auto]",
    ),
    plain(
        "AETHER_TELEMETRY_STORE_BYTES",
        "Most memory for traces, in bytes; the oldest go first [default: 67108864]",
    ),
    plain(
        "AETHER_TELEMETRY_QUEUE_BYTES",
        "Most telemetry waiting per backend, in bytes; more is dropped and counted [default: 16777216]",
    ),
    plain(
        "AETHER_TELEMETRY_MAX_REQUEST_BYTES",
        "Largest OTLP request from a page, in bytes, after decompression too [default: 4194304]",
    ),
];

/// The telemetry settings that were given, by variable.
#[derive(Debug, Clone, Default)]
pub struct OtelSettings {
    values: BTreeMap<&'static str, Value>,
}

/// A value that `Debug` does not show: some of them are secrets.
#[derive(Clone)]
struct Value(String);

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl OtelSettings {
    /// Sets one variable. Unknown names are ignored, because nothing reads them.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        if let Some(variable) = VARIABLES.iter().find(|variable| variable.name == name) {
            self.values.insert(variable.name, Value(value.into()));
        }
        self
    }

    /// The value given for a variable, as a flag or in the environment.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.0.as_str())
    }
}

/// The flag of a variable: `OTEL_SERVICE_NAME` is `--otel-service-name`.
fn flag(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

impl Args for OtelSettings {
    fn augment_args(command: Command) -> Command {
        command.args(VARIABLES.iter().map(|variable| {
            Arg::new(variable.name)
                .long(flag(variable.name))
                .env(variable.name)
                .hide_env_values(variable.secret)
                .value_name("VALUE")
                .value_parser(clap::value_parser!(String))
                .help(variable.help)
                .help_heading("Telemetry")
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for OtelSettings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut settings = Self::default();
        settings.update_from_arg_matches(matches)?;
        Ok(settings)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for variable in VARIABLES {
            if let Some(value) = matches.get_one::<String>(variable.name) {
                self.values.insert(variable.name, Value(value.clone()));
            }
        }
        Ok(())
    }
}
