//! The specification's list of variables: each is read, and each value it names means something.
//!
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>

use super::{problem, read, warnings};
use crate::config::catalogue::Setting;
use crate::{Propagator, Signal, Temporality};

/// Every variable of the specification that applies to traces, logs and metrics over OTLP.
#[rustfmt::skip]
const VARIABLES: &[&str] = &[
    "OTEL_SDK_DISABLED", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SERVICE_NAME", "OTEL_LOG_LEVEL",
    "OTEL_PROPAGATORS", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_BLRP_SCHEDULE_DELAY", "OTEL_BLRP_EXPORT_TIMEOUT", "OTEL_BLRP_MAX_QUEUE_SIZE", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER",
    "OTEL_METRICS_EXEMPLAR_FILTER", "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT", "OTEL_CONFIG_FILE",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
];

/// The exporter's, each for all signals and for every one.
#[rustfmt::skip]
const OF_THE_EXPORTER: &[&str] = &[
    "ENDPOINT", "INSECURE", "CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE", "HEADERS", "COMPRESSION", "TIMEOUT",
    "PROTOCOL",
];

#[test]
fn every_variable_is_a_setting() {
    for variable in VARIABLES {
        assert!(Setting::find(variable).is_some(), "{variable}");
    }
    for name in OF_THE_EXPORTER {
        for signal in ["", "TRACES_", "LOGS_", "METRICS_"] {
            let variable = format!("OTEL_EXPORTER_OTLP_{signal}{name}");
            assert!(Setting::find(&variable).is_some(), "{variable}");
        }
    }
}

#[test]
fn values_are_read_whatever_their_case() {
    for (variable, values) in [
        (
            "OTEL_LOG_LEVEL",
            &["none", "ERROR", "warn", "Info", "debug", "verbose"][..],
        ),
        (
            "OTEL_TRACES_SAMPLER",
            &["ALWAYS_ON", "ParentBased_TraceIdRatio"],
        ),
        (
            "OTEL_PROPAGATORS",
            &["TraceContext,Baggage", "B3", "B3Multi", "NONE"],
        ),
        ("OTEL_TRACES_EXPORTER", &["OTLP", "Console", "none"]),
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            &["HTTP/Protobuf", "http/json", "GRPC"],
        ),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", &["GZIP", "none"]),
        (
            "OTEL_METRICS_EXEMPLAR_FILTER",
            &["Always_On", "always_off", "trace_based"],
        ),
        (
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            &[
                "Explicit_Bucket_Histogram",
                "base2_exponential_bucket_histogram",
            ],
        ),
        ("OTEL_BSP_EXPORT_TIMEOUT", &["30000"]),
        ("OTEL_BLRP_EXPORT_TIMEOUT", &["1"]),
        ("OTEL_METRIC_EXPORT_TIMEOUT", &["30000"]),
    ] {
        for value in values {
            let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://box:9000");
            let read = read(&[endpoint, (variable, value)]);
            assert!(read.is_ok(), "{variable}={value}: {}", read.unwrap_err());
        }
    }
}

#[test]
fn what_is_not_available_is_said_in_clear_words() {
    for (variable, value, told) in [
        (
            "OTEL_TRACES_SAMPLER",
            "jaeger_remote",
            "ask a Jaeger server are not available",
        ),
        (
            "OTEL_TRACES_SAMPLER",
            "parentbased_jaeger_remote",
            "not available",
        ),
        ("OTEL_TRACES_SAMPLER", "xray", "AWS X-Ray is not available"),
        (
            "OTEL_PROPAGATORS",
            "b3,jaeger",
            "headers of jaeger are not available",
        ),
        (
            "OTEL_PROPAGATORS",
            "xray",
            "headers of xray are not available",
        ),
        (
            "OTEL_PROPAGATORS",
            "ottrace",
            "headers of ottrace are not available",
        ),
        ("OTEL_PROPAGATORS", "none,b3", "stands alone"),
        ("OTEL_PROPAGATORS", ",", "expected a list"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "no exporter for zipkin"),
        (
            "OTEL_LOGS_EXPORTER",
            "prometheus",
            "no exporter for prometheus",
        ),
        ("OTEL_LOGS_EXPORTER", "logging", "called `console`"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "linear",
            "base2_exponential_bucket_histogram",
        ),
        ("OTEL_METRICS_EXEMPLAR_FILTER", "sometimes", "`trace_based`"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "0", "milliseconds"),
        ("OTEL_BLRP_EXPORT_TIMEOUT", "1s", "milliseconds"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "x", "milliseconds"),
    ] {
        let message = problem(&[(variable, value)]);
        assert!(
            message.starts_with(&format!("{variable}={value}: ")),
            "{message}"
        );
        assert!(message.contains(told), "{message}");
    }
    for (variable, value, told) in [
        ("OTEL_CONFIG_FILE", "/etc/otel.yaml", "the file is not read"),
        (
            "OTEL_METRICS_EXEMPLAR_FILTER",
            "trace_based",
            "not recorded",
        ),
        (
            "OTEL_TRACES_SAMPLER_ARG",
            "0.1",
            "no effect without OTEL_TRACES_SAMPLER",
        ),
    ] {
        let found = warnings(&[(variable, value)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with(variable) && found[0].contains(told),
            "{found:?}"
        );
    }
}

#[test]
fn propagators_keep_their_order() {
    let of = |text| read(&[("OTEL_PROPAGATORS", text)]).unwrap().propagators;
    let all = [
        Propagator::Baggage,
        Propagator::B3Multi,
        Propagator::TraceContext,
        Propagator::B3,
    ];
    let read = of("baggage,b3multi,tracecontext,b3,baggage");
    assert_eq!((&read.inject[..], &read.extract[..]), (&all[..], &all[..]));
    let none = of("none");
    assert_eq!((none.inject, none.extract), (vec![], vec![]));
}

#[test]
fn temporality() {
    const PREFERENCE: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let plain = (ENDPOINT, "http://box");
    let datadog = (ENDPOINT, "https://otlp.datadoghq.com");
    for (endpoint, preference, expected, warned) in [
        (plain, "", Temporality::Cumulative, 0),
        (plain, "Delta", Temporality::Delta, 0),
        (plain, "LowMemory", Temporality::LowMemory, 0),
        (plain, "cumulative", Temporality::Cumulative, 0),
        (datadog, "", Temporality::Delta, 0),
        (datadog, "lowmemory", Temporality::LowMemory, 0),
        (datadog, "cumulative", Temporality::Cumulative, 1),
    ] {
        let config = read(&[endpoint, (PREFERENCE, preference)]).unwrap();
        let found = (config.metric_temporality, config.warnings.len());
        assert_eq!(found, (expected, warned), "{endpoint:?} {preference}");
    }
}

#[test]
fn headers_as_the_specification_writes_them() {
    for (text, expected) in [
        ("a=b", &[("a", "b")][..]),
        ("a=b,c=d", &[("a", "b"), ("c", "d")]),
        (" a = b , c = d ,", &[("a", "b"), ("c", "d")]),
        (
            "authorization=Basic%20YTpi==",
            &[("authorization", "Basic YTpi==")],
        ),
        (
            "authorization=Basic YTpi==",
            &[("authorization", "Basic YTpi==")],
        ),
        ("a=1%2C2%3D3%25", &[("a", "1,2=3%")]),
        ("a=x%zz%", &[("a", "x%zz%")]),
        ("A-Key=v", &[("a-key", "v")]),
        (
            "uptrace-dsn=https://s@api.uptrace.dev?grpc=4317",
            &[("uptrace-dsn", "https://s@api.uptrace.dev?grpc=4317")],
        ),
        ("a=", &[("a", "")]),
    ] {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://box");
        let config = read(&[endpoint, ("OTEL_EXPORTER_OTLP_HEADERS", text)]).unwrap();
        let headers = &config.destinations[0].endpoints[&Signal::Traces].headers;
        let found: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        assert_eq!(found, expected, "{text}");
        assert!(headers.values().all(http::HeaderValue::is_sensitive));
    }
}
