//! Settings as an environment gives them.

mod destinations;
mod file;
mod folder;
mod layers;
mod properties;
mod relay;
mod routes;
mod specification;
mod tls;
mod transport;

use super::*;
use crate::Signal;

pub(super) fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_lookup(|name| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

pub(super) fn problem(variables: &[(&str, &str)]) -> String {
    read(variables).unwrap_err().to_string()
}

pub(super) fn warnings(variables: &[(&str, &str)]) -> Vec<String> {
    read(variables).unwrap().warnings
}

fn url(config: &Config, signal: Signal) -> String {
    let mut endpoints = config.destinations.iter().map(|d| d.endpoints.get(&signal));
    let endpoint = endpoints.find_map(|endpoint| endpoint).unwrap();
    endpoint.url.to_string()
}

#[test]
fn an_empty_environment_is_the_default() {
    assert_eq!(read(&[]).unwrap(), Config::default());
    let empty = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", " "),
        ("OTEL_TRACES_SAMPLER", ""),
    ];
    assert_eq!(read(&empty).unwrap(), Config::default());
}

#[test]
fn a_base_endpoint_gets_the_paths() {
    for base in ["http://box:4318", "http://box:4318/"] {
        let config = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", base)]).unwrap();
        assert_eq!(config.destinations.len(), 1);
        assert_eq!(config.destinations[0].name, "box:4318");
        assert_eq!(url(&config, Signal::Logs), "http://box:4318/v1/logs");
        assert_eq!(config.store_bytes, None);
        assert_eq!(config.spans.delay, Duration::from_secs(5));
    }
    let grafana = "https://otlp-gateway-eu.grafana.net/otlp";
    let config = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", grafana)]).unwrap();
    assert_eq!(url(&config, Signal::Traces), format!("{grafana}/v1/traces"));
    assert_eq!(
        config.destinations[0].name,
        "otlp-gateway-eu.grafana.net:443"
    );
}

#[test]
fn an_endpoint_of_a_signal_is_used_as_it_is() {
    let config = read(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318"),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://b:10428/insert/x",
        ),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://a:4318/m"),
    ])
    .unwrap();
    assert_eq!(url(&config, Signal::Traces), "http://b:10428/insert/x");
    assert_eq!(url(&config, Signal::Metrics), "http://a:4318/m");
    let names: Vec<_> = config.destinations.iter().map(|d| &d.name).collect();
    assert_eq!(names, ["b:10428", "a:4318"]);
}

#[test]
fn the_store_stays_where_traces_go_nowhere_or_it_is_wanted() {
    let logs = ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://a:4318/v1/logs");
    assert!(read(&[logs]).unwrap().store_bytes.is_some());
    let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318");
    let config = read(&[
        base,
        ("AETHER_TELEMETRY_STORE", "always"),
        ("AETHER_TELEMETRY_STORE_BYTES", "2097152"),
    ])
    .unwrap();
    assert_eq!(config.store_bytes, Some(2_097_152));
    assert_eq!(config.spans.delay, Duration::from_secs(1));
    let never = read(&[("AETHER_TELEMETRY_STORE", "never")]).unwrap();
    assert_eq!(never.store_bytes, None);
}

#[test]
fn headers_are_per_signal_decoded_and_kept_secret() {
    let config = read(&[
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://user:hunter2@a:4318?key=hunter2",
        ),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "Authorization=Basic hunter2==,x=a%2Cb",
        ),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "api-key=hunter2"),
    ])
    .unwrap();
    let endpoints = &config.destinations[0].endpoints;
    let traces = &endpoints[&Signal::Traces].headers;
    assert_eq!(traces["authorization"], "Basic hunter2==");
    assert_eq!(traces["x"], "a,b");
    let logs = &endpoints[&Signal::Logs].headers;
    assert_eq!(
        (logs.len(), &logs["api-key"]),
        (1, &"hunter2".parse().unwrap())
    );
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!config.destinations[0].name.contains("hunter2"));
}

#[test]
fn datadog_gets_its_key_and_nobody_else() {
    let key = ("DD_API_KEY", "hunter2");
    let datadog = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.datadoghq.eu");
    let config = read(&[key, datadog]).unwrap();
    let endpoint = &config.destinations[0].endpoints[&Signal::Traces];
    assert_eq!(endpoint.headers["dd-api-key"], "hunter2");
    assert_eq!(config.metric_temporality, Temporality::Delta);
    for other in ["https://otlp.example.com", "https://evildatadoghq.com"] {
        let config = read(&[key, ("OTEL_EXPORTER_OTLP_ENDPOINT", other)]).unwrap();
        let endpoint = &config.destinations[0].endpoints[&Signal::Traces];
        assert!(endpoint.headers.is_empty(), "{other} got the key");
        assert_eq!(config.metric_temporality, Temporality::Cumulative);
    }
}

#[test]
fn samplers() {
    for (name, arg, ratio, parent_based) in [
        ("always_on", None, 1.0, false),
        ("Always_Off", None, 0.0, false),
        ("traceidratio", Some("0.25"), 0.25, false),
        ("parentbased_always_on", Some("nonsense"), 1.0, true),
        ("parentbased_always_off", None, 0.0, true),
        ("parentbased_traceidratio", None, 1.0, true),
    ] {
        let mut variables = vec![("OTEL_TRACES_SAMPLER", name)];
        variables.extend(arg.map(|arg| ("OTEL_TRACES_SAMPLER_ARG", arg)));
        let expected = Sampler {
            ratio,
            parent_based,
        };
        assert_eq!(read(&variables).unwrap().sampler, expected, "{name}");
    }
    let rate = ("OTEL_SAMPLE_RATE", "0.1");
    assert_eq!(read(&[rate]).unwrap().sampler.ratio, 0.1);
    let both = read(&[rate, ("OTEL_TRACES_SAMPLER", "always_on")]).unwrap();
    assert_eq!(both.sampler.ratio, 1.0);
}

#[test]
fn propagators() {
    let read = |text| read(&[("OTEL_PROPAGATORS", text)]).unwrap().propagators;
    let list = vec![Propagator::TraceContext, Propagator::B3Multi];
    assert_eq!(read("tracecontext, b3multi,tracecontext").inject, list);
    assert_eq!(read("none").extract, []);
}

#[test]
fn off_means_that_nothing_else_is_looked_at() {
    let wrong = ("OTEL_TRACES_SAMPLER", "nonsense");
    for off in [("OTEL_ENABLED", "false"), ("OTEL_SDK_DISABLED", "TRUE")] {
        assert_eq!(read(&[off, wrong]).unwrap(), Config::disabled());
    }
    assert!(
        read(&[("OTEL_ENABLED", "true"), ("OTEL_SDK_DISABLED", "false")])
            .unwrap()
            .enabled
    );
}

#[test]
fn wrong_values_name_variable_value_and_remedy() {
    for (variable, value, shown, remedy) in [
        ("OTEL_ENABLED", "yes", "yes", "`true` or `false`"),
        (
            "OTEL_TRACES_SAMPLER",
            "xray",
            "xray",
            "parentbased_traceidratio",
        ),
        ("OTEL_SAMPLE_RATE", "2", "2", "from 0 to 1"),
        ("OTEL_PROPAGATORS", "jaeger", "jaeger", "tracecontext"),
        ("OTEL_BSP_SCHEDULE_DELAY", "5s", "5s", "milliseconds"),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "0", "0", "at least 1"),
        (
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
            "4096",
            "4096",
            "OTEL_BSP_MAX_QUEUE_SIZE",
        ),
        ("OTEL_METRIC_EXPORT_INTERVAL", "x", "x", "milliseconds"),
        ("OTEL_RESOURCE_ATTRIBUTES", "abc", "abc", "key=value"),
        ("AETHER_TELEMETRY_STORE", "maybe", "maybe", "`never`"),
        ("AETHER_TELEMETRY_STORE_BYTES", "12", "12", "from 1048576"),
        ("AETHER_TELEMETRY_QUEUE_BYTES", "big", "big", "bytes"),
        ("AETHER_TELEMETRY_MAX_REQUEST_BYTES", "0", "0", "bytes"),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "localhost:4318",
            "localhost:4318",
            "http or https",
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "box",
            "****",
            "http://localhost:4318",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://localhost:14268/api/traces",
            "http://localhost:14268/api/traces",
            "Thrift",
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://localhost:4317",
            "4317",
            "OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://localhost:9411/api/v2/spans",
            "/api/v2/spans",
            "http://localhost:9411/v1/traces",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "https://trace.agent.datadoghq.com/v1/traces",
            "trace.agent",
            "https://otlp.<site>/v1/traces",
        ),
    ] {
        let message = problem(&[(variable, value)]);
        assert!(message.starts_with(&format!("{variable}=")), "{message}");
        assert!(
            message.contains(shown) && message.contains(remedy),
            "{message}"
        );
    }
}

#[test]
fn secrets_are_never_part_of_a_message() {
    for (variable, value) in [
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a b=hunter2"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "key=hunter2%0A"),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://me:hunter2@a:14268/?k=hunter2",
        ),
    ] {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318");
        let message = problem(&[endpoint, (variable, value)]);
        assert!(!message.contains("hunter2"), "{message}");
    }
    let datadog = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.datadoghq.com");
    let message = problem(&[datadog, ("DD_API_KEY", "hunter2\u{1}")]);
    assert!(
        message.contains("DD_API_KEY") && !message.contains("hunter2"),
        "{message}"
    );
}

#[test]
fn all_problems_are_told_at_once() {
    let error = read(&[("OTEL_SAMPLE_RATE", "x"), ("OTEL_PROPAGATORS", "y")]).unwrap_err();
    assert_eq!(error.problems().len(), 2);
}

#[test]
fn log_levels() {
    let of = |variables: &[(&str, &str)]| read(variables).unwrap().log_directives();
    let both = |level: &str| ["aether_telemetry", "opentelemetry"].map(|t| format!("{t}={level}"));
    assert_eq!(of(&[]), [""; 0]);
    assert_eq!(of(&[("OTEL_DEBUG", "false")]), [""; 0]);
    assert_eq!(of(&[("OTEL_DEBUG", "true")]), both("debug"));
    for (value, level) in [("WARN", "warn"), ("verbose", "trace"), ("none", "off")] {
        let variables = [("OTEL_LOG_LEVEL", value), ("OTEL_DEBUG", "true")];
        assert_eq!(of(&variables), both(level), "{value}");
    }
}

#[test]
fn exporters() {
    let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318");
    let config = read(&[
        base,
        ("OTEL_TRACES_EXPORTER", "Console, otlp,console"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_LOGS_EXPORTER", "console"),
    ])
    .unwrap();
    let sent: Vec<_> = config.destinations[0].endpoints.keys().copied().collect();
    assert_eq!(sent, [Signal::Traces]);
    let console: Vec<_> = config.console.iter().copied().collect();
    assert_eq!(console, [Signal::Traces, Signal::Logs]);
    assert_eq!(read(&[base]).unwrap().destinations[0].endpoints.len(), 3);

    for (signal, known) in [
        ("TRACES", "`otlp`, `console` or `none`"),
        ("LOGS", "`otlp`, `console` or `none`"),
        ("METRICS", "`otlp`, `console`, `prometheus` or `none`"),
    ] {
        let variable = format!("OTEL_{signal}_EXPORTER");
        for (value, remedy) in [
            ("zipkin", known),
            ("none,otlp", "`none` stands alone"),
            (",", known),
        ] {
            let message = problem(&[base, (&variable, value)]);
            assert!(message.contains(remedy), "{message}");
        }
    }
}

#[test]
fn metrics_can_be_scraped_and_sent() {
    let of = |value| {
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318");
        let config = read(&[base, ("OTEL_METRICS_EXPORTER", value)]).unwrap();
        let sent = config.destinations[0].endpoints.keys().copied();
        (config.prometheus, sent.last() == Some(Signal::Metrics))
    };
    assert_eq!(of("otlp"), (false, true));
    assert_eq!(of("otlp,prometheus"), (true, true));
    assert_eq!(of("Prometheus"), (true, false));
    let warned = read(&[
        ("OTEL_METRICS_EXPORTER", "prometheus"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "base2_exponential_bucket_histogram",
        ),
    ]);
    let warnings = warned.unwrap().warnings;
    assert!(warnings[0].contains("missing at /metrics"), "{warnings:?}");
}

#[test]
fn exporters_decide_about_the_store_and_say_what_is_missing() {
    let stored = |variables: &[(&str, &str)]| read(variables).unwrap().store_bytes.is_some();
    let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318");
    let none = ("OTEL_TRACES_EXPORTER", "none");
    assert!(!stored(&[none]) && !stored(&[none, base]));
    assert!(stored(&[none, ("AETHER_TELEMETRY_STORE", "always")]));
    assert!(!stored(&[("OTEL_TRACES_EXPORTER", "console")]));
    let asked = read(&[("OTEL_TRACES_EXPORTER", "otlp")]).unwrap();
    assert!(asked.store_bytes.is_some());
    assert!(
        asked.warnings[0].contains("OTEL_EXPORTER_OTLP_ENDPOINT"),
        "{:?}",
        asked.warnings
    );
}
