//! The settings in `docs/backends.md` and `.env.example` are read as a server would read them, so
//! that what people copy from there works.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use aether_telemetry::{Compression, Config, Endpoint, Protocol, Signal, Temporality};

const GUIDE: &str = include_str!("../../../docs/backends.md");
const ENV_EXAMPLE: &str = include_str!("../../../.env.example");

/// What a block of the guide comes to.
struct Expected {
    heading: &'static str,
    /// Where traces go.
    traces: &'static str,
    /// Whether logs and metrics go to the same place.
    all_signals: bool,
    /// Names of the headers of traces.
    headers: &'static [&'static str],
    deltas: bool,
    protocol: Protocol,
    compression: Compression,
}

impl Expected {
    const fn grpc(self) -> Self {
        Self {
            protocol: Protocol::Grpc,
            ..self
        }
    }

    const fn compressed(self, compression: Compression) -> Self {
        Self {
            compression,
            ..self
        }
    }
}

const fn expected(
    heading: &'static str,
    traces: &'static str,
    all_signals: bool,
    headers: &'static [&'static str],
    deltas: bool,
) -> Expected {
    Expected {
        heading,
        traces,
        all_signals,
        headers,
        deltas,
        protocol: Protocol::HttpProtobuf,
        compression: Compression::None,
    }
}

/// Stands for a file that the guide names: one of its kind, and empty settings.
fn file(variable: &str) -> Option<String> {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("backends");
        std::fs::create_dir_all(&folder).unwrap();
        let made = rcgen::generate_simple_self_signed(["collector".to_owned()]).unwrap();
        std::fs::write(folder.join("certificate"), made.cert.pem()).unwrap();
        std::fs::write(folder.join("key"), made.signing_key.serialize_pem()).unwrap();
        std::fs::write(folder.join("settings"), "").unwrap();
        folder
    });
    let name = match variable {
        "OTEL_EXPORTER_OTLP_CERTIFICATE" | "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE" => "certificate",
        "OTEL_EXPORTER_OTLP_CLIENT_KEY" => "key",
        "AETHER_TELEMETRY_CONFIG" => "settings",
        _ => return None,
    };
    folder.join(name).to_str().map(str::to_owned)
}

/// Every block of the guide, in its order.
#[rustfmt::skip]
const BLOCKS: &[Expected] = &[
    expected("Protocols, compression, certificates", "https://collector.example.org:4317/", true, &[], false).grpc(),
    expected("OpenTelemetry Collector", "http://localhost:4318/v1/traces", true, &[], false).compressed(Compression::Gzip),
    expected("OpenTelemetry Collector", "http://localhost:4317/", true, &[], false).grpc().compressed(Compression::Zstd),
    expected("Jaeger", "http://localhost:4318/v1/traces", false, &[], false),
    expected("Jaeger", "http://localhost:4317/", false, &[], false).grpc(),
    expected("Grafana Tempo", "http://localhost:4318/v1/traces", false, &["x-scope-orgid"], false),
    expected("Grafana Cloud", "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/traces", true, &["authorization"], false),
    expected("Datadog", "https://otlp.datadoghq.com/v1/traces", true, &["dd-api-key"], true),
    expected("Datadog", "http://localhost:4318/v1/traces", true, &[], true),
    expected("New Relic", "https://otlp.nr-data.net/v1/traces", true, &["api-key"], true).compressed(Compression::Gzip),
    expected("New Relic", "https://otlp.eu01.nr-data.net/v1/traces", true, &["api-key"], true).compressed(Compression::Gzip),
    expected("Honeycomb", "https://api.honeycomb.io/v1/traces", true, &["x-honeycomb-team"], false),
    expected("Elastic", "https://your-project.ingest.eu-west-1.aws.elastic.cloud/v1/traces", true, &["authorization"], false),
    expected("SigNoz", "https://ingest.eu.signoz.cloud/v1/traces", true, &["signoz-ingestion-key"], false),
    expected("OpenObserve", "https://api.openobserve.ai/api/your-org/v1/traces", true, &["authorization", "stream-name"], false),
    expected("OpenObserve", "http://localhost:5080/api/default/v1/traces", true, &["authorization", "stream-name"], false),
    expected("OpenObserve", "http://localhost:5081/", true, &["authorization", "organization", "stream-name"], false).grpc(),
    expected("Dash0", "https://ingress.eu-west-1.aws.dash0.com/v1/traces", true, &["authorization", "dash0-dataset"], false),
    expected("Uptrace", "https://api.uptrace.dev/v1/traces", true, &["uptrace-dsn"], true),
    expected("Phoenix", "http://localhost:6006/v1/traces", false, &[], false).compressed(Compression::Gzip),
    expected("Phoenix", "http://localhost:4317/", false, &[], false).grpc().compressed(Compression::Gzip),
    expected("VictoriaTraces", "http://localhost:10428/insert/opentelemetry/v1/traces", false, &[], false),
    expected("Zipkin", "http://localhost:9411/v1/traces", false, &[], false),
];

/// `NAME=value` lines. Names that nothing asks for are refused, so a misspelled one is found.
fn read(lines: &[&str]) -> Config {
    let mut variables = BTreeMap::new();
    for line in lines {
        let (name, value) = line.split_once('=').expect("NAME=value");
        assert!(!value.contains(' '), "a shell would split: {line}");
        let twice = variables.insert(name, (value, std::cell::Cell::new(false)));
        assert!(twice.is_none(), "{name} is set twice");
    }
    let config = Config::from_lookup(|name| {
        let (value, asked) = variables.get(name)?;
        asked.set(true);
        file(name).or_else(|| Some((*value).to_owned()))
    });
    let config = config.unwrap_or_else(|error| panic!("{lines:?}\n{error}"));
    for (name, (_, asked)) in &variables {
        assert!(asked.get(), "nothing reads {name}");
    }
    assert_eq!(config.warnings, [""; 0], "{lines:?}");
    config
}

/// The ```` ```sh ```` blocks of the guide with the heading above them.
fn blocks() -> Vec<(&'static str, Vec<&'static str>)> {
    let (mut found, mut heading, mut open) = (Vec::new(), "", false);
    for line in GUIDE.lines() {
        if let Some(text) = line.strip_prefix("## ") {
            heading = text;
        } else if line == "```sh" {
            open = true;
            found.push((heading, Vec::new()));
        } else if line.starts_with("```") {
            open = false;
        } else if let Some((_, lines)) = found.last_mut().filter(|_| open) {
            lines.push(line);
        }
    }
    found
}

fn endpoint(config: &Config, signal: Signal) -> Option<&Endpoint> {
    let destinations = config.destinations.iter();
    destinations.filter_map(|d| d.endpoints.get(&signal)).next()
}

#[test]
fn every_block_of_the_guide_is_a_configuration() {
    let blocks = blocks();
    let headings: Vec<_> = blocks.iter().map(|(heading, _)| *heading).collect();
    let known: Vec<_> = BLOCKS.iter().map(|expected| expected.heading).collect();
    assert_eq!(headings, known, "a block of the guide is not checked");
    for ((heading, lines), expected) in blocks.iter().zip(BLOCKS) {
        let config = read(lines);
        let traces = endpoint(&config, Signal::Traces).unwrap();
        assert_eq!(traces.url.as_str(), expected.traces, "{heading}");
        let mut headers: Vec<_> = traces.headers.keys().map(|name| name.as_str()).collect();
        headers.sort_unstable();
        assert_eq!(headers, expected.headers, "{heading}");
        let sent = (traces.protocol, traces.compression);
        let wanted = (expected.protocol, expected.compression);
        assert_eq!(sent, wanted, "{heading}");
        for value in traces.headers.values() {
            let value = value.to_str().unwrap();
            assert!(!value.contains('%'), "{heading}: {value} is not decoded");
        }
        assert_eq!(
            config.metric_temporality == Temporality::Delta,
            expected.deltas,
            "{heading}"
        );
        assert_eq!(config.store_bytes, None, "{heading}");
        for signal in [Signal::Logs, Signal::Metrics] {
            let url = endpoint(&config, signal).map(|endpoint| endpoint.url.to_string());
            let same = expected.traces.replace("/v1/traces", signal.path());
            assert_eq!(url, expected.all_signals.then_some(same), "{heading}");
        }
    }
}

#[test]
fn headers_of_the_guide_carry_what_the_backend_expects() {
    for ((heading, lines), _) in blocks().iter().zip(BLOCKS) {
        let config = read(lines);
        let traces = &endpoint(&config, Signal::Traces).unwrap().headers;
        let authorization = traces.get("authorization").map(|v| v.to_str().unwrap());
        let start = match *heading {
            "Grafana Cloud" | "OpenObserve" => Some("Basic "),
            "Elastic" => Some("ApiKey "),
            "Dash0" => Some("Bearer "),
            _ => None,
        };
        assert_eq!(authorization.is_some(), start.is_some(), "{heading}");
        assert!(authorization.is_none_or(|value| value.starts_with(start.unwrap())));
        if *heading == "Honeycomb" {
            let metrics = &endpoint(&config, Signal::Metrics).unwrap().headers;
            assert_eq!(metrics["x-honeycomb-dataset"], "metrics");
            assert!(metrics.contains_key("x-honeycomb-team"));
        }
    }
}

#[test]
fn mistakes_that_the_guide_calls_refused_are_refused() {
    for (endpoint, remedy) in [
        ("http://localhost:4317", "4318"),
        ("http://localhost:14268/api/traces", "4318"),
        ("https://trace.agent.datadoghq.com", "otlp."),
        ("http://localhost:9411/api/v2/spans", "zipkin-otel"),
    ] {
        let error = Config::from_lookup(|name| {
            (name == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").then(|| endpoint.to_owned())
        });
        let error = error.unwrap_err().to_string();
        assert!(error.contains(remedy), "{error}");
    }
}

#[test]
fn the_example_file_changes_nothing_and_every_part_of_it_works() {
    let set = |line: &&str| !line.starts_with('#') && !line.is_empty();
    assert_eq!(ENV_EXAMPLE.lines().find(set), None, "only comments");
    let mut parts = 0;
    for part in ENV_EXAMPLE.split("\n\n") {
        let assigned = part.lines().filter_map(|line| {
            let line = line.strip_prefix('#')?;
            let (name, _) = line.split_once('=')?;
            let shouts = |c: char| c.is_ascii_uppercase() || c == '_';
            name.chars().all(shouts).then_some(line)
        });
        // What begins with AETHERTERM_ is the terminal's and not read here.
        let lines: Vec<_> = assigned.filter(|l| !l.starts_with("AETHERTERM_")).collect();
        if !lines.is_empty() {
            read(&lines);
            parts += 1;
        }
    }
    assert_eq!(parts, 17, "parts with telemetry settings");
}
