//! `[[destination]]`: several backends at once.

use std::time::Duration;

use super::file::read;
use super::folder::Folder;
use crate::{Compression, Config, Protocol, Signal};

const TWO: &str = r#"
[[destination]]
name = "archive"
endpoint = "https://archive:4318/base"
signals = ["traces", "logs"]
headers = { key = { env = "SECRET_OF_TEST" } }
compression = "gzip"
queue_bytes = 1_000_000
retry = { give_up_after_ms = 60_000 }

[[destination]]
endpoint = "jaeger:4317"
protocol = "grpc"
insecure = true
timeout_ms = 3000
signals = "traces"
"#;

fn problem(text: &str) -> String {
    let error = read(&Folder::new(), text).unwrap_err();
    assert_eq!(error.problems().len(), 1, "{text}\n{error}");
    error.to_string()
}

fn hosts(config: &Config) -> Vec<(String, Vec<Signal>)> {
    let all = config.destinations.iter();
    all.map(|d| (d.name.clone(), d.endpoints.keys().copied().collect()))
        .collect()
}

#[test]
fn each_stands_for_itself() {
    let config = read(&Folder::new(), TWO).unwrap();
    let expected = [
        ("archive".to_owned(), vec![Signal::Traces, Signal::Logs]),
        ("jaeger:4317".to_owned(), vec![Signal::Traces]),
    ];
    assert_eq!(hosts(&config), expected);
    let [archive, jaeger] = &config.destinations[..] else {
        panic!("{config:?}")
    };
    let traces = &archive.endpoints[&Signal::Traces];
    assert_eq!(traces.url.as_str(), "https://archive:4318/base/v1/traces");
    assert_eq!(traces.headers["key"], "hunter2");
    assert_eq!(traces.compression, Compression::Gzip);
    assert_eq!(archive.queue_bytes, Some(1_000_000));
    let retry = archive.retry.unwrap();
    assert_eq!(retry.give_up_after, Duration::from_secs(60));
    assert_eq!(retry.max, config.retry.max);
    let traces = &jaeger.endpoints[&Signal::Traces];
    assert_eq!(
        (traces.url.as_str(), traces.protocol),
        ("http://jaeger:4317/", Protocol::Grpc)
    );
    assert_eq!(traces.timeout, Duration::from_secs(3));
    assert_eq!(traces.headers.len(), 0);
    assert_eq!((jaeger.queue_bytes, jaeger.retry), (None, None));
    assert_eq!(config.store_bytes, None);
    assert_eq!(config.warnings, [""; 0]);
}

#[test]
fn an_endpoint_of_the_environment_replaces_them_for_its_signals() {
    let folder = Folder::new();
    let path = folder.file("telemetry.toml", TWO);
    let with = |variables: &[(&str, &str)]| {
        let config = Config::from_lookup(|name| {
            let file = ("AETHER_TELEMETRY_CONFIG", path.as_str());
            let secret = ("SECRET_OF_TEST", "hunter2");
            let mut all = variables.iter().chain([&file, &secret]);
            all.find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        });
        config.unwrap()
    };
    let config = with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://box:4318")]);
    assert_eq!(
        hosts(&config),
        [("box:4318".to_owned(), Signal::ALL.to_vec())]
    );
    assert_eq!(
        config.destinations[0].endpoints[&Signal::Traces]
            .headers
            .len(),
        0
    );
    let config = with(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://box/v1/traces")]);
    let expected = [
        ("box:80".to_owned(), vec![Signal::Traces]),
        ("archive".to_owned(), vec![Signal::Logs]),
    ];
    assert_eq!(hosts(&config), expected);
    // What nothing uses is told; it does not reach a host that it was not meant for.
    let config = with(&[("OTEL_EXPORTER_OTLP_HEADERS", "key=hunter2")]);
    assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
    assert!(config.warnings[0].starts_with("OTEL_EXPORTER_OTLP_HEADERS has no effect"));
    assert_eq!(
        config.destinations[1].endpoints[&Signal::Traces]
            .headers
            .len(),
        0
    );
    let config = with(&[("OTEL_TRACES_EXPORTER", "none")]);
    assert_eq!(hosts(&config), [("archive".to_owned(), vec![Signal::Logs])]);
}

#[test]
fn names_tell_them_apart() {
    let same = "[[destination]]\nendpoint = 'https://box'\n".repeat(3);
    let config = read(&Folder::new(), &same).unwrap();
    let names: Vec<_> = config.destinations.iter().map(|d| &d.name).collect();
    assert_eq!(names, ["box:443", "box:443 2", "box:443 3"]);
    let named = "[[destination]]\nname = 'a'\nendpoint = 'https://box'\n".repeat(2);
    let told = problem(&named);
    assert!(
        told.contains("destination 2: name=a: another destination"),
        "{told}"
    );
}

#[test]
fn mistakes_name_the_table() {
    let many = "[[destination]]\nendpoint = 'https://box'\n".repeat(17);
    for (text, told) in [
        (
            "\n[[destination]]\nname = 'a'",
            "destination 1: a destination needs an endpoint",
        ),
        (
            "[[destination]]\nendpoint = 'box:4318'",
            "telemetry.toml:2: destination 1: endpoint=box:4318: expected a URL",
        ),
        ("[[destination]]\nendpoint = 'http://box:14268'", "Thrift"),
        (
            "[[destination]]\nendpoint = 'http://a'\nsignals = ['spans']",
            "destination 1: signals=spans: expected a list of traces",
        ),
        (
            "[[destination]]\nendpoint = 'http://a'\nname = \"a\\u0001b\"",
            "up to 64 characters",
        ),
        (
            "[[destination]]\nendpoint = 'http://a'\nqueue_bytes = 5",
            "destination 1: queue_bytes=5",
        ),
        (
            "[[destination]]\nendpoint = 'http://a'\nretry.initial_ms = 99999",
            "must not be longer",
        ),
        (
            "[[destination]]\nendpoint = 'http://a'\nheader = 'a=b'",
            "did you mean `headers`?",
        ),
        (
            "[[destination]]\nendpoint = 'http://a'\nstrict = true",
            "destination 1: strict: there is no such key",
        ),
        (
            "[[destination]]\nendpoint = 'http://a'\nclient_key = '/missing'",
            "needs its certificate",
        ),
        (many.as_str(), "16 destinations at most"),
    ] {
        let message = problem(text);
        assert!(message.contains(told), "{message}");
    }
    let both = "exporter.otlp.endpoint = 'http://a'\n[[destination]]\nendpoint = 'http://b'";
    let told = problem(both);
    assert!(told.contains("write this endpoint as one more"), "{told}");
}

#[test]
fn how_each_is_sent_to() {
    let config = read(
        &Folder::new(),
        r#"
        send.concurrency = 2
        retry.multiplier = 3
        [[destination]]
        endpoint = "https://otlp.nr-data.net"
        send = { requests_per_second = 10, bytes_per_second = 1e6 }
        retry = { multiplier = 1.5 }
        [[destination]]
        endpoint = "https://otlp.datadoghq.eu"
        send.max_request_bytes = 5_000_000
        [[destination]]
        endpoint = "https://otlp.us3.datadoghq.com"
        [[destination]]
        endpoint = "https://box"
        "#,
    )
    .unwrap();
    let flows: Vec<_> = config.destinations.iter().map(|d| d.flow).collect();
    let sizes: Vec<_> = flows.iter().map(|flow| flow.max_request_bytes).collect();
    let expected = [Some(1_000_000), Some(5_000_000), Some(3_200_000), None];
    assert_eq!(sizes, expected);
    assert!(flows.iter().all(|flow| flow.concurrency == 2));
    assert_eq!(flows[0].requests_per_second, Some(10.0));
    assert_eq!(flows[0].bytes_per_second, Some(1e6));
    assert_eq!(flows[3].requests_per_second, None);
    let multiplier = |at: usize| config.destinations[at].retry.map(|retry| retry.multiplier);
    assert_eq!((multiplier(0), multiplier(3)), (Some(1.5), None));
    assert_eq!(config.retry.multiplier, 3.0);
    for wrong in [
        "send.concurrency = 0",
        "send.concurrency = 65",
        "send.requests_per_second = 0",
        "send.max_request_bytes = 10",
        "retry.multiplier = 0.5",
    ] {
        let told = problem(wrong);
        assert!(told.contains("expected a"), "{told}");
    }
}
