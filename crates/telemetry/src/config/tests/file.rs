//! The TOML file: what it may hold, and what is said about the rest.

use std::time::Duration;

use super::folder::Folder;
use crate::config::catalogue::{Kind, Setting};
use crate::{Compression, Config, ConfigError, Propagator, Protocol, Signal};

pub(super) fn read(folder: &Folder, text: &str) -> Result<Config, ConfigError> {
    let path = folder.file("telemetry.toml", text);
    Config::from_lookup(|name| match name {
        "AETHER_TELEMETRY_CONFIG" => Some(path.clone()),
        "SECRET_OF_TEST" => Some(" hunter2\n".to_owned()),
        "EMPTY_OF_TEST" => Some(String::new()),
        _ => None,
    })
}

fn problem(text: &str) -> String {
    let error = read(&Folder::new(), text).unwrap_err();
    assert_eq!(error.problems().len(), 1, "{text}\n{error}");
    error.to_string()
}

#[test]
fn a_file_reaches_what_variables_reach() {
    let folder = Folder::new();
    let secret = folder.file("secret", "hunter2\n");
    let config = read(
        &folder,
        &format!(
            r#"
            strict = true
            log_level = "debug"
            propagators = ["tracecontext", "b3"]
            sampler = {{ name = "traceidratio", ratio = 0.5 }}
            limits.span.events = 0x10

            [resource]
            service_name = "shop"
            attributes = {{ deployment.environment.name = "dev", "a,b" = "c=d, 100%", n = 1 }}

            [exporter]
            logs = ["otlp", "console"]

            [exporter.otlp]
            endpoint = "https://box:4318"
            compression = "zstd"
            timeout_ms = 2_000
            headers = {{ plain = "a, b", env = {{ env = "SECRET_OF_TEST" }}, file = {{ file = "{secret}" }} }}

            [exporter.otlp.metrics]
            protocol = "http/json"
            temporality = "delta"
            headers = "a=1,b=2"

            [retry]
            max_ms = 5000
            "#
        ),
    )
    .unwrap();
    assert!(config.strict);
    assert_eq!(
        config.propagators.inject,
        [Propagator::TraceContext, Propagator::B3]
    );
    assert_eq!(
        (config.sampler.ratio, config.sampler.parent_based),
        (0.5, false)
    );
    assert_eq!(config.limits.span_events, 16);
    assert_eq!(config.service_name.as_deref(), Some("shop"));
    let attribute = |key: &str| {
        let mut all = config.resource_attributes.iter();
        all.find(|(known, _)| known == key).unwrap().1.clone()
    };
    assert_eq!(attribute("deployment.environment.name"), "dev");
    assert_eq!(attribute("a,b"), "c=d, 100%");
    assert_eq!(attribute("n"), "1");
    assert!(config.console.contains(&Signal::Logs));
    assert_eq!(config.retry.max, Duration::from_secs(5));
    let traces = &config.destinations[0].endpoints[&Signal::Traces];
    assert_eq!(traces.compression, Compression::Zstd);
    assert_eq!(traces.timeout, Duration::from_secs(2));
    for (name, value) in [("plain", "a, b"), ("env", "hunter2"), ("file", "hunter2")] {
        assert_eq!(traces.headers[name], value);
    }
    let metrics = &config.destinations[0].endpoints[&Signal::Metrics];
    assert_eq!(
        (metrics.protocol, metrics.headers.len()),
        (Protocol::HttpJson, 2)
    );
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn every_key_is_read() {
    for setting in Setting::all() {
        let Some(key) = setting.key else { continue };
        // A value that nothing accepts, so whoever reads it complains; texts are never wrong.
        let value = match setting.kind {
            Kind::Pairs => "'x'",
            Kind::Scalar | Kind::List => "\"nonsense\\u0001\"",
        };
        let base = match key {
            "exporter.otlp.endpoint" => String::new(),
            "sampler.ratio" => "sampler.name = 'traceidratio'\n".to_owned(),
            "datadog_api_key" => {
                "exporter.otlp.endpoint = 'https://otlp.datadoghq.com'\n".to_owned()
            }
            _ => "exporter.otlp.endpoint = 'https://box'\n".to_owned(),
        };
        let read = read(&Folder::new(), &format!("{base}{key} = {value}"));
        if let "resource.service_name" | "resource.service_version" = key {
            assert!(read.is_ok(), "{key}");
            continue;
        }
        let error = read.expect_err(key);
        let problems = error.problems().iter();
        assert!(
            problems
                .clone()
                .any(|problem| problem.variable == setting.variable
                    && problem.place.ends_with(&format!(": {key}"))),
            "{key}: {error}"
        );
    }
}

#[test]
fn unknown_keys_name_the_nearest_one() {
    for (text, told) in [
        (
            "\n\nendpoint = 'http://a'",
            "telemetry.toml:3: endpoint: there is no such key; did you mean `exporter.otlp.endpoint`?",
        ),
        (
            "[exporter.otlp]\nendpiont = 'http://a'",
            "telemetry.toml:2: exporter.otlp.endpiont: there is no such key; did you mean `exporter.otlp.endpoint`?",
        ),
        (
            "[exporters]\nx = 1",
            "telemetry.toml:1: exporters: there is no such key",
        ),
        (
            "exporter = 'otlp'",
            "telemetry.toml:1: exporter: expected a table, not a string",
        ),
        (
            "[exporter.otlp]\ntimeout = 5",
            "did you mean `exporter.otlp.timeout_ms`?",
        ),
    ] {
        let message = problem(text);
        assert!(message.contains(told), "{message}");
    }
}

#[test]
fn values_of_the_wrong_shape() {
    for (text, told) in [
        (
            "sample_rate = 1979-05-27",
            "sample_rate: expected a text, a number or a truth value",
        ),
        ("sample_rate = [1]", "sample_rate: expected a text"),
        ("sample_rate = { a = 1, b = 2 }", "{ env = \"NAME\" }"),
        ("propagators = []", "an empty list"),
        ("propagators = [['b3']]", "expected a text"),
        ("queue_bytes = 99999999999999999999", "too large"),
        ("resource.attributes.a = [1]", "a: expected a text"),
        (
            "sample_rate = { env = 'MISSING_OF_TEST' }",
            "MISSING_OF_TEST is not set",
        ),
        (
            "sample_rate = { env = 'EMPTY_OF_TEST' }",
            "EMPTY_OF_TEST is empty",
        ),
        (
            "exporter.otlp.headers.a = { file = '/missing/file' }",
            "a: /missing/file: the file cannot be read",
        ),
        ("destination = 'http://a'", "[[destination]]"),
        ("destination = ['http://a']", "[[destination]]"),
    ] {
        let message = problem(text);
        assert!(message.starts_with("telemetry.toml:1: "), "{message}");
        assert!(message.contains(told), "{message}");
    }
}

#[test]
fn files_that_cannot_be_used() {
    let folder = Folder::new();
    let at = |path: String| {
        let lookup = |name: &str| (name == "AETHER_TELEMETRY_CONFIG").then(|| path.clone());
        Config::from_lookup(lookup).unwrap_err().to_string()
    };
    let missing = at(folder.path("missing.toml"));
    assert!(missing.starts_with("AETHER_TELEMETRY_CONFIG="), "{missing}");
    assert!(missing.contains("cannot be read"), "{missing}");
    assert!(at(folder.path("")).contains("expected the path of a file"));
    assert!(at(folder.file("bytes.toml", [0xff])).contains("not UTF-8"));
    let large = folder.file("large.toml", vec![b'#'; 1024 * 1024 + 1]);
    assert!(at(large).contains("larger than"));
    let broken = at(folder.file("broken.toml", "strict = true\n[exporter\nkey = 'hunter2'"));
    assert!(
        broken.starts_with("broken.toml:2: the file is not TOML"),
        "{broken}"
    );
    assert!(!broken.contains("hunter2"), "{broken}");
}

#[test]
fn secrets_of_a_file_are_not_shown() {
    for text in [
        "exporter.otlp.headers = ['hunter2']",
        "exporter.otlp.headers = 'hunter2'",
        "exporter.otlp.headers.a = ['hunter2']",
        "exporter.otlp.headers.a = { b = 'hunter2' }",
        "exporter.otlp.headers.a = { env = 'Bearer hunter2' }",
        "exporter.otlp.headers.a = \"hunter2\\u0001\"",
        "datadog_api_key = ['hunter2']",
        "hunter = 'hunter2'",
    ] {
        let text =
            format!("{text}\n[exporter.otlp.traces]\nendpoint = 'http://box:4318/v1/traces'");
        let error = read(&Folder::new(), &text).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
