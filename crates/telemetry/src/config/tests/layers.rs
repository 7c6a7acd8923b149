//! Precedence: builder, environment, file, default.

use super::folder::Folder;
use crate::config::Given;
use crate::{Config, ConfigError, Signal};

/// Reads with a builder, an environment and a file of these settings.
fn read(
    builder: &[(&str, &str)],
    environment: &[(&str, &str)],
    file: &str,
) -> Result<Config, ConfigError> {
    let folder = Folder::new();
    let path = folder.file("telemetry.toml", file);
    let mut given = Given::default();
    for (variable, value) in builder {
        given.set(variable, "method", (*value).to_owned());
    }
    Config::from_layers(&given, &|name| {
        if name == "AETHER_TELEMETRY_CONFIG" {
            return Some(path.clone());
        }
        let found = environment.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn builder_before_environment_before_file_before_default() {
    const NAME: &str = "OTEL_BSP_MAX_QUEUE_SIZE";
    let file = "batch.spans.queue_size = 3000";
    for (builder, environment, file, expected) in [
        (Some("1000"), Some("2000"), file, 1000),
        (None, Some("2000"), file, 2000),
        (None, None, file, 3000),
        (None, None, "", 2048),
        // An empty value is not set, wherever it stands.
        (Some(""), Some(" "), file, 3000),
        (Some("1000"), None, file, 1000),
    ] {
        let builder: Vec<_> = builder.map(|value| (NAME, value)).into_iter().collect();
        let environment: Vec<_> = environment.map(|value| (NAME, value)).into_iter().collect();
        let config = read(&builder, &environment, file).unwrap();
        assert_eq!(
            config.spans.queue_size, expected,
            "{builder:?} {environment:?} {file}"
        );
    }
}

#[test]
fn a_signals_own_setting_wins_wherever_it_stands() {
    let config = read(
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://builder:4318")],
        &[(
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
            "http://environment:4318/v1/logs",
        )],
        "exporter.otlp.metrics.endpoint = 'http://file:4318/v1/metrics'",
    )
    .unwrap();
    let hosts = Signal::ALL.map(|signal| {
        let mut all = config.destinations.iter();
        let endpoint = all.find_map(|d| d.endpoints.get(&signal)).unwrap();
        endpoint.url.host_str().unwrap().to_owned()
    });
    assert_eq!(hosts, ["builder", "environment", "file"]);
}

#[test]
fn attributes_and_headers_of_all_layers_are_taken_together() {
    let config = read(
        &[
            ("OTEL_RESOURCE_ATTRIBUTES", "a=builder"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=builder"),
        ],
        &[
            ("OTEL_RESOURCE_ATTRIBUTES", "A=environment,a=environment,b=environment"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "A=environment,b=environment"),
        ],
        "[resource.attributes]\na = 'file'\nb = 'file'\nc = 'file'\nservice.name = 'shop'\n\
         [exporter.otlp]\nendpoint = 'http://box:4318'\nheaders = { a = 'file', b = 'file', c = 'file' }",
    )
    .unwrap();
    let mut attributes = config.resource_attributes.clone();
    attributes.sort_unstable();
    let expected = [
        ("A", "environment"),
        ("a", "builder"),
        ("b", "environment"),
        ("c", "file"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(attributes, expected);
    assert_eq!(config.service_name.as_deref(), Some("shop"));
    let headers = &config.destinations[0].endpoints[&Signal::Traces].headers;
    let of = |name: &str| headers[name].to_str().unwrap();
    assert_eq!(
        (of("a"), of("b"), of("c")),
        ("builder", "environment", "file")
    );
}

#[test]
fn headers_of_the_file_stay_with_its_endpoint() {
    let file =
        "exporter.otlp.endpoint = 'https://file:4318'\nexporter.otlp.headers.key = 'hunter2'";
    let headers = |config: &Config| {
        let endpoint = &config.destinations[0].endpoints[&Signal::Traces];
        (
            endpoint.url.host_str().unwrap().to_owned(),
            endpoint.headers.len(),
        )
    };
    let own = read(&[], &[], file).unwrap();
    assert_eq!(
        (headers(&own), own.warnings.len()),
        (("file".to_owned(), 1), 0)
    );
    let elsewhere = [("OTEL_EXPORTER_OTLP_ENDPOINT", "https://other:4318")];
    let other = read(&[], &elsewhere, file).unwrap();
    assert_eq!(headers(&other), ("other".to_owned(), 0));
    assert_eq!(other.warnings.len(), 1, "{:?}", other.warnings);
    assert!(other.warnings[0].contains("telemetry.toml:2: exporter.otlp.headers"));
    // Headers alone have no other endpoint that they could belong to.
    let alone = "exporter.otlp.headers.key = 'hunter2'";
    let alone = read(&[], &elsewhere, alone).unwrap();
    assert_eq!(headers(&alone), ("other".to_owned(), 1));
}

#[test]
fn problems_say_where_the_setting_stands() {
    let told = |builder: &[(&str, &str)], environment: &[(&str, &str)], file: &str| {
        let error = read(builder, environment, file).unwrap_err();
        assert_eq!(error.problems()[0].variable, "OTEL_SAMPLE_RATE");
        error.to_string()
    };
    let wrong = &[("OTEL_SAMPLE_RATE", "2")][..];
    let remedy = "expected a number from 0 to 1, for example 0.25";
    let file = "\nsample_rate = 2\n";
    assert_eq!(
        told(&[], &[], file),
        format!("telemetry.toml:2: sample_rate=2: {remedy}")
    );
    assert_eq!(
        told(&[], wrong, file),
        format!("OTEL_SAMPLE_RATE=2: {remedy}")
    );
    assert_eq!(
        told(wrong, wrong, file),
        format!("TelemetryBuilder::method=2: {remedy}")
    );
}

#[test]
fn off_wins_from_every_layer_and_nothing_else_is_looked_at() {
    let wrong = [("OTEL_SAMPLE_RATE", "2")];
    for (builder, environment, file) in [
        (&[("OTEL_ENABLED", "false")][..], &wrong[..], "not TOML"),
        (&[], &[("OTEL_SDK_DISABLED", "true")], "not TOML"),
        (&[], &wrong, "enabled = false"),
        (&[], &wrong, "disabled = true"),
    ] {
        assert_eq!(
            read(builder, environment, file).unwrap(),
            Config::disabled(),
            "{file}"
        );
    }
    let on = [("OTEL_ENABLED", "true")];
    assert!(read(&[], &on, "enabled = false").unwrap().enabled);
}

#[test]
fn strict_is_read_from_every_layer() {
    let strict = |builder: &[(&str, &str)], environment: &[(&str, &str)], file: &str| {
        let error = read(builder, environment, &format!("{file}\nsample_rate = 2"));
        error.unwrap_err().is_strict()
    };
    let (on, off) = (
        [("AETHER_TELEMETRY_STRICT", "true")],
        [("AETHER_TELEMETRY_STRICT", "false")],
    );
    assert!(!strict(&[], &[], ""));
    assert!(strict(&[], &[], "strict = true"));
    assert!(!strict(&[], &off, "strict = true"));
    assert!(strict(&on, &off, "strict = false"));
    assert!(read(&[], &on, "").unwrap().strict);
}

#[test]
fn a_name_that_the_builder_does_not_know() {
    let error = read(&[("OTEL_EXPORTER_OTLP_ENDPIONT", "http://a")], &[], "").unwrap_err();
    let told = error.to_string();
    assert!(
        told.contains("did you mean OTEL_EXPORTER_OTLP_ENDPOINT?"),
        "{told}"
    );
    assert!(!told.contains("http://a"), "{told}");
}
