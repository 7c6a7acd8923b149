//! The settings besides those of the OTLP exporter.

use super::{Kind, Setting, plain};

/// On and off, and where the settings stand.
pub(super) const SWITCHES: &[Setting] = &[
plain("OTEL_ENABLED","enabled","false switches telemetry off","true").method("enabled"),
plain("OTEL_SDK_DISABLED","disabled","true switches telemetry off, as above","false"),
plain("AETHER_TELEMETRY_STRICT","strict","true: a setting that cannot be used ends the start with an error; false: the program runs with telemetry off and says so","false").method("strict"),
plain("AETHER_TELEMETRY_CONFIG","-","TOML file with settings","none").method("config_file").without_key(),
plain("OTEL_CONFIG_FILE","-","OpenTelemetry's declarative configuration in YAML, which is not available: a warning says that the file is not read","none").without_key(),
plain("OTEL_LOG_LEVEL","log_level","How much telemetry logs about itself: none, error, warn, info, debug or verbose","as the program's log"),
plain("OTEL_DEBUG","debug","true is the older way to say OTEL_LOG_LEVEL=debug","false"),
];

/// Who reports.
pub(super) const IDENTITY: &[Setting] = &[
plain("OTEL_SERVICE_NAME","resource.service_name","Name of this service","unknown_service: and the name of the program").method("service_name"),
plain("OTEL_SERVICE_VERSION","resource.service_version","Its version","none").method("service_version"),
plain("OTEL_RESOURCE_ATTRIBUTES","resource.attributes","Attributes of everything reported: key=value,key=value, values percent-encoded","none").method("resource_attribute").of(Kind::Pairs),
plain("OTEL_PROPAGATORS","propagators","Header formats, the first that is present wins: b3, b3multi, tracecontext, baggage; or none","write b3, read b3, b3multi, tracecontext and baggage").method("propagators").of(Kind::List),
];

/// What is done with each signal.
pub(super) const EXPORTERS: &[Setting] = &[
plain("OTEL_TRACES_EXPORTER","exporter.traces","What is done with traces: otlp (send them to the endpoint), console (print them to standard output, a line of JSON per request), both with a comma, or none","otlp").of(Kind::List),
plain("OTEL_LOGS_EXPORTER","exporter.logs","The same for logs","otlp").of(Kind::List),
plain("OTEL_METRICS_EXPORTER","exporter.metrics","The same for metrics, which can also be scraped: prometheus puts everything that is measured at /metrics, where otherwise only the health of telemetry is","otlp").of(Kind::List),
];

/// Which traces are recorded.
pub(super) const TRACES: &[Setting] = &[
plain("OTEL_TRACES_SAMPLER","sampler.name","always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or parentbased_traceidratio","parentbased_always_on").method("sampler_ratio"),
plain("OTEL_TRACES_SAMPLER_ARG","sampler.ratio","Part of traces to record, 0 to 1, for the samplers with traceidratio","1").method("sampler_ratio"),
plain("OTEL_SAMPLE_RATE","sample_rate","The same without naming a sampler, 0 to 1; what the caller decided is respected","1"),
];

/// What spans and log records may hold.
pub(super) const LIMITS: &[Setting] = &[
    plain(
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        "limits.attributes",
        "Most attributes of a span, event, link or log record; more are dropped and counted",
        "128",
    ),
    plain(
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "limits.value_length",
        "Longest text in an attribute, in characters; the rest is cut off",
        "any length",
    ),
    plain(
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "limits.span.attributes",
        "Most attributes of a span",
        "as the general limit",
    ),
    plain(
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "limits.span.value_length",
        "Longest text in a span's attribute, its events' and links' included",
        "as the general limit",
    ),
    plain(
        "OTEL_SPAN_EVENT_COUNT_LIMIT",
        "limits.span.events",
        "Most events of a span",
        "128",
    ),
    plain(
        "OTEL_SPAN_LINK_COUNT_LIMIT",
        "limits.span.links",
        "Most links of a span",
        "128",
    ),
    plain(
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        "limits.event.attributes",
        "Most attributes of a span's event",
        "as the general limit",
    ),
    plain(
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
        "limits.link.attributes",
        "Most attributes of a span's link",
        "as the general limit",
    ),
    plain(
        "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
        "limits.log.attributes",
        "Most attributes of a log record",
        "as the general limit",
    ),
    plain(
        "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "limits.log.value_length",
        "Longest text in a log record's attribute",
        "as the general limit",
    ),
];

/// How telemetry is collected before it is sent.
pub(super) const BATCHES: &[Setting] = &[
    plain(
        "OTEL_BSP_SCHEDULE_DELAY",
        "batch.spans.delay_ms",
        "Longest time until spans are exported, in milliseconds",
        "1000 when kept in memory, else 5000",
    ),
    plain(
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "batch.spans.queue_size",
        "Most spans waiting for export",
        "2048",
    ),
    plain(
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "batch.spans.batch_size",
        "Most spans in one export",
        "512",
    ),
    plain(
        "OTEL_BSP_EXPORT_TIMEOUT",
        "batch.spans.timeout_ms",
        "Longest time an export may take, in milliseconds. Exports go to a queue at once; sending is bounded by OTEL_EXPORTER_OTLP_TIMEOUT",
        "30000",
    ),
    plain(
        "OTEL_BLRP_SCHEDULE_DELAY",
        "batch.logs.delay_ms",
        "Longest time until logs are exported, in milliseconds",
        "1000",
    ),
    plain(
        "OTEL_BLRP_MAX_QUEUE_SIZE",
        "batch.logs.queue_size",
        "Most log records waiting for export",
        "2048",
    ),
    plain(
        "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
        "batch.logs.batch_size",
        "Most log records in one export",
        "512",
    ),
    plain(
        "OTEL_BLRP_EXPORT_TIMEOUT",
        "batch.logs.timeout_ms",
        "As for spans",
        "30000",
    ),
    plain(
        "OTEL_METRIC_EXPORT_INTERVAL",
        "metrics.interval_ms",
        "Time between two exports of metrics, in milliseconds",
        "60000",
    ),
    plain(
        "OTEL_METRIC_EXPORT_TIMEOUT",
        "metrics.timeout_ms",
        "As for spans",
        "30000",
    ),
    plain(
        "OTEL_METRICS_EXEMPLAR_FILTER",
        "metrics.exemplar_filter",
        "always_off; always_on and trace_based are accepted with a warning, because no exemplars are recorded",
        "always_off",
    ),
];

/// What only this library has.
pub(super) const OWN: &[Setting] = &[
    plain(
        "AETHER_TELEMETRY_STORE",
        "store.mode",
        "Whether traces are kept in memory: auto (when there is no traces endpoint, and none or console was not chosen), always or never",
        "auto",
    ),
    plain(
        "AETHER_TELEMETRY_STORE_BYTES",
        "store.bytes",
        "Most memory for traces, in bytes; the oldest go first",
        "67108864",
    ),
    plain(
        "AETHER_TELEMETRY_QUEUE_BYTES",
        "queue_bytes",
        "Most telemetry waiting per backend, in bytes; pages are told to send more later, the server's own is dropped and counted",
        "16777216, on disk 536870912",
    ),
    plain(
        "AETHER_TELEMETRY_QUEUE",
        "queue.mode",
        "Where accepted telemetry waits until it is delivered: memory, or disk, which outlives crashes",
        "disk where there is a folder, else memory",
    ),
    plain(
        "AETHER_TELEMETRY_QUEUE_FOLDER",
        "queue.folder",
        "Folder of the queues on disk; one process at a time",
        "none",
    ),
    plain(
        "AETHER_TELEMETRY_QUEUE_MAX_AGE",
        "queue.max_age_ms",
        "What waited on disk for this long is dropped and counted, in milliseconds; in memory, AETHER_TELEMETRY_RETRY_GIVE_UP_AFTER holds",
        "86400000",
    ),
    plain(
        "AETHER_TELEMETRY_DEAD_LETTER_BYTES",
        "queue.dead_letter_bytes",
        "Most telemetry that backends refused for good, kept on disk to be looked at and sent again, in bytes; the oldest goes first",
        "67108864",
    ),
    plain(
        "AETHER_TELEMETRY_RETRY_INITIAL",
        "retry.initial_ms",
        "Wait before a failed request is repeated, in milliseconds; longer each time",
        "1000",
    ),
    plain(
        "AETHER_TELEMETRY_RETRY_MAX",
        "retry.max_ms",
        "Longest such wait, in milliseconds, unless the backend asks for more",
        "30000",
    ),
    plain(
        "AETHER_TELEMETRY_RETRY_GIVE_UP_AFTER",
        "retry.give_up_after_ms",
        "What failed for this long is dropped and counted, in milliseconds; with queues on disk it goes behind all others instead",
        "300000",
    ),
    plain(
        "AETHER_TELEMETRY_RETRY_MULTIPLIER",
        "retry.multiplier",
        "How much longer each such wait is than the one before, 1 to 10",
        "2",
    ),
    plain(
        "AETHER_TELEMETRY_SEND_MAX_BYTES",
        "send.max_request_bytes",
        "Largest request to a backend, in bytes of protobuf before compression; larger ones are sent in parts",
        "any; 3200000 for Datadog, 1000000 for New Relic",
    ),
    plain(
        "AETHER_TELEMETRY_SEND_REQUESTS_PER_SECOND",
        "send.requests_per_second",
        "Most requests to a backend in a second; the rest waits in the queue",
        "any",
    ),
    plain(
        "AETHER_TELEMETRY_SEND_BYTES_PER_SECOND",
        "send.bytes_per_second",
        "Most bytes to a backend in a second, as they are sent; the rest waits in the queue",
        "any",
    ),
    plain(
        "AETHER_TELEMETRY_SEND_CONCURRENCY",
        "send.concurrency",
        "Most requests to a backend that are under way at a time, 1 to 64; with more than one they may arrive in another order",
        "4",
    ),
    plain(
        "AETHER_TELEMETRY_TAIL",
        "tail.enabled",
        "true: traces are held back until they are known as a whole, and kept or dropped; those with an error are kept",
        "false",
    ),
    plain(
        "AETHER_TELEMETRY_TAIL_WAIT",
        "tail.wait_ms",
        "How long after its first span a trace is decided on, in milliseconds",
        "10000",
    ),
    plain(
        "AETHER_TELEMETRY_TAIL_SLOWER_THAN",
        "tail.slower_than_ms",
        "Traces that took at least this long are kept, in milliseconds",
        "none; duration does not matter",
    ),
    plain(
        "AETHER_TELEMETRY_TAIL_SHARE",
        "tail.share",
        "Share of the other traces that is kept, 0 to 1",
        "0.1",
    ),
    plain(
        "AETHER_TELEMETRY_TAIL_BYTES",
        "tail.bytes",
        "Most telemetry that is held back, in bytes; when it is full the oldest traces are decided on early",
        "67108864",
    ),
    plain(
        "AETHER_TELEMETRY_HASH_KEY",
        "hash_key",
        "Key of the attributes that routes and the relay hash; without one, whoever guesses a value can confirm it. Secret",
        "none",
    )
    .secret(),
    plain(
        "AETHER_TELEMETRY_MAX_REQUEST_BYTES",
        "relay.max_request_bytes",
        "Largest OTLP request from a page, in bytes, after decompression too",
        "4194304",
    ),
];
