//! Protocol, compression, timeout and the address that belongs to them.

use super::{problem, read, warnings};
use crate::{Compression, Endpoint, Protocol, Signal};

const BASE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";

fn endpoints(variables: &[(&str, &str)]) -> Vec<Endpoint> {
    let config = read(variables).unwrap();
    let of = |signal| {
        let mut all = config.destinations.iter();
        all.find_map(|d| d.endpoints.get(signal)).unwrap().clone()
    };
    Signal::ALL.iter().map(of).collect()
}

#[test]
fn timeouts_and_compression_are_per_signal() {
    let found = endpoints(&[
        (BASE, "http://a:4318"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "3000"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "GZIP"),
        ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "none"),
        ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "zstd"),
    ]);
    let of = |e: &Endpoint| (e.timeout.as_millis(), e.compression);
    let found: Vec<_> = found.iter().map(of).collect();
    let expected = [
        (3000, Compression::Gzip),
        (2000, Compression::None),
        (2000, Compression::Zstd),
    ];
    assert_eq!(found, expected);
}

#[test]
fn protocols_are_per_signal() {
    let found = endpoints(&[
        (BASE, "http://a:9000"),
        (PROTOCOL, "http/json"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "GRPC"),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/protobuf"),
    ]);
    let of = |e: &Endpoint| (e.protocol, e.url.to_string());
    let found: Vec<_> = found.iter().map(of).collect();
    let expected = [
        (Protocol::Grpc, "http://a:9000/".to_owned()),
        (Protocol::HttpProtobuf, "http://a:9000/v1/logs".to_owned()),
        (Protocol::HttpJson, "http://a:9000/v1/metrics".to_owned()),
    ];
    assert_eq!(found, expected);
    let default = &endpoints(&[(BASE, "http://a:9000")])[0];
    assert_eq!(default.protocol, Protocol::HttpProtobuf);
}

#[test]
fn addresses_for_grpc() {
    const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    let insecure = ("OTEL_EXPORTER_OTLP_INSECURE", "true");
    let of_traces = ("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "true");
    for (variables, url) in [
        (&[(BASE, "box:4317")][..], "https://box:4317/"),
        (&[(BASE, "box:4317"), insecure], "http://box:4317/"),
        (&[(BASE, "box:4317"), of_traces], "http://box:4317/"),
        // A scheme decides, whatever else is said.
        (&[(BASE, "https://box:4317"), insecure], "https://box:4317/"),
        (&[(BASE, "http://box:4317")], "http://box:4317/"),
        (&[(TRACES, "http://box:4317")], "http://box:4317/"),
    ] {
        let variables = [&[(PROTOCOL, "grpc")], variables].concat();
        let config = read(&variables).unwrap();
        let endpoint = &config.destinations[0].endpoints[&Signal::Traces];
        assert_eq!(endpoint.url.as_str(), url, "{variables:?}");
        assert_eq!(config.warnings, [""; 0]);
    }
    let path = warnings(&[(PROTOCOL, "grpc"), (BASE, "http://box:4317/v1/traces")]);
    assert_eq!(path.len(), 1, "{path:?}");
    assert!(path[0].contains("http://box:4317 counts"), "{path:?}");
    let schemeless = problem(&[(BASE, "box:4318")]);
    assert!(schemeless.contains("http or https"), "{schemeless}");
}

#[test]
fn wrong_values_say_what_is_allowed_once() {
    let base = (BASE, "http://a:4318");
    for (variable, value, remedy) in [
        (PROTOCOL, "thrift", "`http/protobuf`, `http/json` or `grpc`"),
        (
            "OTEL_EXPORTER_OTLP_COMPRESSION",
            "br",
            "`gzip`, `zstd` or `none`",
        ),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0", "at least 1"),
        (
            "OTEL_EXPORTER_OTLP_LOGS_INSECURE",
            "yes",
            "`true` or `false`",
        ),
    ] {
        let told = problem(&[base, (variable, value)]);
        assert!(told.starts_with(&format!("{variable}={value}: ")), "{told}");
        assert!(told.contains(remedy), "{told}");
        // One variable, one line, although three signals read it.
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}
