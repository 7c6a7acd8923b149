//! The settings of the OTLP exporter, for all signals and for each.

use super::{Kind, Setting, plain};

/// For every signal.
pub(super) const ALL_SIGNALS: &[Setting] = &[
    plain(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "exporter.otlp.endpoint",
        "Base URL of an OTLP backend; /v1/traces, /v1/logs and /v1/metrics are appended. For grpc: a URL without path, or host:port",
        "none; traces are kept in memory",
    )
    .method("endpoint"),
    plain(
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "exporter.otlp.protocol",
        "http/protobuf, http/json or grpc",
        "http/protobuf",
    )
    .method("protocol"),
    plain(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "exporter.otlp.headers",
        "Headers for the backend: key=value,key=value, values percent-encoded. Secret",
        "none",
    )
    .method("header")
    .of(Kind::Pairs)
    .secret(),
    plain(
        "OTEL_EXPORTER_OTLP_COMPRESSION",
        "exporter.otlp.compression",
        "Compression of what is sent: none, gzip or zstd",
        "none",
    )
    .method("compression"),
    plain(
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "exporter.otlp.timeout_ms",
        "Longest wait for the backend's answer, in milliseconds",
        "10000",
    )
    .method("timeout"),
    plain(
        "OTEL_EXPORTER_OTLP_INSECURE",
        "exporter.otlp.insecure",
        "true: grpc endpoints written without http:// or https:// are reached without TLS",
        "false",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "exporter.otlp.certificate",
        "File of certificates in PEM to trust besides the system's",
        "none",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
        "exporter.otlp.client_certificate",
        "File with this side's certificate chain in PEM, for backends that ask for one",
        "none",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_CLIENT_KEY",
        "exporter.otlp.client_key",
        "File with the private key of that certificate in PEM",
        "none",
    ),
    plain(
        "DD_API_KEY",
        "datadog_api_key",
        "Datadog's API key; becomes the header dd-api-key, for Datadog's hosts only. Secret",
        "none",
    )
    .secret(),
    plain(
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "exporter.otlp.metrics.temporality",
        "cumulative, delta or lowmemory",
        "cumulative; delta for Datadog",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        "exporter.otlp.metrics.histogram_aggregation",
        "explicit_bucket_histogram or base2_exponential_bucket_histogram",
        "explicit_bucket_histogram",
    ),
];

/// The settings of one signal, which win over those of all.
macro_rules! of_signal {
    ($upper:literal, $lower:literal) => {
        &[
            plain(
                concat!("OTEL_EXPORTER_OTLP_", $upper, "_ENDPOINT"),
                concat!("exporter.otlp.", $lower, ".endpoint"),
                concat!("URL for ", $lower, ", used as it is: nothing is appended"),
                "from the base URL",
            )
            .method("signal_endpoint"),
            plain(
                concat!("OTEL_EXPORTER_OTLP_", $upper, "_PROTOCOL"),
                concat!("exporter.otlp.", $lower, ".protocol"),
                concat!("Protocol for ", $lower),
                "as for all",
            ),
            plain(
                concat!("OTEL_EXPORTER_OTLP_", $upper, "_HEADERS"),
                concat!("exporter.otlp.", $lower, ".headers"),
                concat!("Headers for ", $lower, ", instead of those for all. Secret"),
                "as for all",
            )
            .of(Kind::Pairs)
            .secret(),
            plain(
                concat!("OTEL_EXPORTER_OTLP_", $upper, "_COMPRESSION"),
                concat!("exporter.otlp.", $lower, ".compression"),
                concat!("Compression for ", $lower),
                "as for all",
            ),
            plain(
                concat!("OTEL_EXPORTER_OTLP_", $upper, "_TIMEOUT"),
                concat!("exporter.otlp.", $lower, ".timeout_ms"),
                concat!("Longest wait for ", $lower, ", in milliseconds"),
                "as for all",
            ),
            plain(
                concat!("OTEL_EXPORTER_OTLP_", $upper, "_INSECURE"),
                concat!("exporter.otlp.", $lower, ".insecure"),
                concat!("No TLS for ", $lower, " where grpc has no scheme"),
                "as for all",
            ),
            plain(
                concat!("OTEL_EXPORTER_OTLP_", $upper, "_CERTIFICATE"),
                concat!("exporter.otlp.", $lower, ".certificate"),
                concat!("Certificates to trust for ", $lower),
                "as for all",
            ),
            plain(
                concat!("OTEL_EXPORTER_OTLP_", $upper, "_CLIENT_CERTIFICATE"),
                concat!("exporter.otlp.", $lower, ".client_certificate"),
                concat!("This side's certificate for ", $lower),
                "as for all",
            ),
            plain(
                concat!("OTEL_EXPORTER_OTLP_", $upper, "_CLIENT_KEY"),
                concat!("exporter.otlp.", $lower, ".client_key"),
                concat!("Its private key for ", $lower),
                "as for all",
            ),
        ]
    };
}

pub(super) const TRACES: &[Setting] = of_signal!("TRACES", "traces");
pub(super) const LOGS: &[Setting] = of_signal!("LOGS", "logs");
pub(super) const METRICS: &[Setting] = of_signal!("METRICS", "metrics");
