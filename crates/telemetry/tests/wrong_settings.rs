//! Settings that cannot be used: the program runs with telemetry off, and nobody can miss why.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::sync::{Arc, Mutex};

use aether_telemetry::{Config, Propagator, Protocol, Signal, Telemetry, TelemetryBuilder};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;

/// A builder that sees no environment but this.
fn builder(variables: &'static [(&str, &str)]) -> TelemetryBuilder {
    Telemetry::builder().environment(move |name| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[derive(Clone, Default)]
struct Messages(Arc<Mutex<Vec<String>>>);

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Messages {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        let line = format!("{} {}", event.metadata().level(), message.0);
        self.0.lock().unwrap().push(line);
    }
}

#[test]
fn the_program_runs_with_telemetry_off_and_says_so() {
    let messages = Messages::default();
    let subscriber = tracing_subscriber::registry().with(messages.clone());
    let telemetry = tracing::subscriber::with_default(subscriber, || {
        builder(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:hunter2@box:14268"),
            ("OTEL_SAMPLE_RATE", "2"),
        ])
        .build()
        .unwrap()
    });
    assert!(!telemetry.is_enabled());
    let problem = telemetry.problem().unwrap();
    let names: Vec<_> = problem
        .problems()
        .iter()
        .map(|p| p.variable.as_str())
        .collect();
    assert_eq!(names, ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SAMPLE_RATE"]);

    let status = telemetry.status();
    assert!(!status.enabled);
    assert!(
        status
            .off_because
            .as_ref()
            .unwrap()
            .contains("configured wrongly")
    );
    assert_eq!(status.problems, problem.problems());
    let logged = messages.0.lock().unwrap().clone();
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert!(
        logged[0].starts_with("ERROR telemetry is off"),
        "{logged:?}"
    );
    for part in ["14268", "OTEL_SAMPLE_RATE=2"] {
        assert!(logged[0].contains(part), "{logged:?}");
    }
    let shown = format!(
        "{logged:?} {problem} {telemetry:?} {}",
        serde_json::to_string(&status).unwrap()
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn strict_is_an_error() {
    let error = builder(&[
        ("OTEL_SAMPLE_RATE", "2"),
        ("AETHER_TELEMETRY_STRICT", "true"),
    ])
    .build()
    .unwrap_err();
    assert!(error.to_string().contains("OTEL_SAMPLE_RATE=2"), "{error}");
    let error = builder(&[])
        .sampler_ratio(2.0)
        .strict(true)
        .build()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("TelemetryBuilder::sampler_ratio=2"),
        "{error}"
    );
    let off = builder(&[("AETHER_TELEMETRY_STRICT", "true")])
        .sampler_ratio(2.0)
        .strict(false);
    assert!(off.build().unwrap().problem().is_some());
}

#[test]
fn switched_off_is_no_problem() {
    let telemetry = builder(&[("OTEL_SDK_DISABLED", "true"), ("OTEL_SAMPLE_RATE", "2")]);
    let telemetry = telemetry.build().unwrap();
    assert!(telemetry.problem().is_none());
    let status = telemetry.status();
    assert!(!status.enabled && status.problems.is_empty());
    assert!(status.off_because.unwrap().contains("switched off"));
    assert!(!builder(&[]).enabled(false).build().unwrap().is_enabled());
}

#[test]
fn warnings_are_told_and_kept() {
    let messages = Messages::default();
    let subscriber = tracing_subscriber::registry().with(messages.clone());
    let telemetry = tracing::subscriber::with_default(subscriber, || {
        builder(&[
            ("OTEL_CONFIG_FILE", "/etc/otel.yaml"),
            ("OTEL_LOG_LEVEL", "warn"),
        ])
        .build()
        .unwrap()
    });
    assert_eq!(telemetry.status().warnings.len(), 1);
    assert!(telemetry.log_directives()[0].ends_with("=warn"));
    let logged = messages.0.lock().unwrap().clone();
    let told = logged
        .iter()
        .filter(|line| line.starts_with("WARN OTEL_CONFIG_FILE"));
    assert_eq!(told.count(), 1, "{logged:?}");
}

#[test]
fn builder_methods_reach_the_settings() {
    let config = builder(&[
        ("OTEL_SERVICE_NAME", "environment"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "b=environment"),
    ])
    .service_name("shop")
    .service_version("1.2")
    .resource_attribute("a", "x,y = 100%")
    .resource_attribute("b", "")
    .endpoint("box:4317")
    .signal_endpoint(Signal::Logs, "http://logs:4317")
    .protocol(Protocol::Grpc)
    .compression(aether_telemetry::Compression::Zstd)
    .timeout(std::time::Duration::from_millis(1500))
    .header("a", "hunter2, really=")
    .sampler_ratio(0.25)
    .propagators([Propagator::TraceContext, Propagator::Baggage])
    .setting("OTEL_BSP_MAX_QUEUE_SIZE", "5000");
    assert!(!format!("{config:?}").contains("hunter2"));
    let config = config.read().unwrap();
    assert_eq!(config.service_name.as_deref(), Some("shop"));
    assert_eq!(config.service_version.as_deref(), Some("1.2"));
    let attributes = [("a", "x,y = 100%"), ("b", "")];
    let attributes = attributes.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(config.resource_attributes, attributes);
    let traces = &config.destinations[0].endpoints[&Signal::Traces];
    assert_eq!(traces.url.as_str(), "https://box:4317/");
    assert_eq!(traces.headers["a"], "hunter2, really=");
    assert_eq!(traces.headers["b"], "environment");
    assert_eq!(traces.timeout.as_millis(), 1500);
    assert_eq!(traces.compression.as_str(), "zstd");
    let logs = &config.destinations[1].endpoints[&Signal::Logs];
    assert_eq!(
        (logs.url.as_str(), logs.protocol),
        ("http://logs:4317/", Protocol::Grpc)
    );
    assert_eq!(
        (config.sampler.ratio, config.sampler.parent_based),
        (0.25, true)
    );
    let list = [Propagator::TraceContext, Propagator::Baggage];
    assert_eq!(config.propagators.inject, list);
    assert_eq!(config.spans.queue_size, 5000);
    assert_eq!(
        builder(&[])
            .propagators([])
            .read()
            .unwrap()
            .propagators
            .inject,
        []
    );
}

#[test]
fn a_whole_configuration_replaces_the_rest() {
    let config = builder(&[("OTEL_SAMPLE_RATE", "2")])
        .config(Config::default())
        .endpoint("http://box");
    let config = config.read().unwrap();
    assert_eq!(config.destinations, []);
    assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
    assert!(config.warnings[0].starts_with("TelemetryBuilder::endpoint has no effect"));
}

#[test]
fn a_file_that_the_program_names() {
    let missing = builder(&[]).config_file("/missing/telemetry.toml").read();
    let missing = missing.unwrap_err().to_string();
    assert!(
        missing.starts_with("TelemetryBuilder::config_file=/missing/telemetry.toml"),
        "{missing}"
    );
}
