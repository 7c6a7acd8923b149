//! Ports and paths that are known by sight to be wrong, each with one sentence that says so.
//!
//! What cannot work is refused; what probably does not work is a warning, because a proxy may
//! stand in front. Vendors' hosts are in `hosts`.

use reqwest::Url;

use super::Protocol;
use crate::Signal;

/// Ports at which something else than OTLP usually answers.
const OTHER_PORTS: &[(u16, &str)] = &[
    (3100, "Loki's own API; Loki takes OTLP below /otlp"),
    (
        3200,
        "Tempo's query port; Tempo takes OTLP at port 4318, or 4317 for gRPC",
    ),
    (
        8126,
        "the Datadog Agent's own intake; the Agent takes OTLP at port 4318 once that is switched on",
    ),
    (
        14250,
        "Jaeger's own gRPC intake; Jaeger takes OTLP at port 4318, or 4317 for gRPC",
    ),
    (
        16686,
        "Jaeger's page; Jaeger takes OTLP at port 4318, or 4317 for gRPC",
    ),
];

/// Endpoints that older guides name and that cannot work. `asked` is the protocol that was chosen
/// by name.
pub(super) fn impossible(url: &Url, asked: Option<Protocol>) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(14268) => Err(format!(
            "port 14268 is Jaeger's Thrift intake, not OTLP; Jaeger takes OTLP at http://{host}:4318"
        )),
        Some(4317) if asked.is_none() => Err(format!(
            "port 4317 is OTLP over gRPC, and the protocol is http/protobuf: set OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or the endpoint to http://{host}:4318"
        )),
        _ if host.starts_with("trace.agent.") => Err(format!(
            "{host} is the Datadog Agent's own intake, not OTLP; Datadog takes OTLP at https://otlp.<site>/v1/traces"
        )),
        _ if url.path().contains("/api/v2/spans") || url.path().contains("/api/v1/spans") => {
            Err(format!(
                "/api/v2/spans is Zipkin's own format, not OTLP; a Zipkin server with the zipkin-otel module takes OTLP at http://{}/v1/traces",
                super::address::authority(url)
            ))
        }
        _ => Ok(()),
    }
}

/// What looks wrong about an endpoint, its path complete. `place` says where the address stood.
pub(super) fn suspicious(
    place: &str,
    url: &Url,
    signal: Signal,
    protocol: Protocol,
) -> Vec<String> {
    let mut found = Vec::new();
    let port = url.port();
    if port == Some(4317) && protocol != Protocol::Grpc {
        found.push(format!(
            "{place} points at port 4317, which usually speaks gRPC; OTLP over HTTP usually is at 4318"
        ));
    }
    if port == Some(4318) && protocol == Protocol::Grpc {
        found.push(format!(
            "{place} points at port 4318, which usually speaks HTTP; OTLP over gRPC usually is at 4317"
        ));
    }
    for (number, what) in OTHER_PORTS {
        if port == Some(*number) {
            found.push(format!(
                "{place} points at port {number}, which usually is {what}"
            ));
        }
    }
    if protocol != Protocol::Grpc {
        found.extend(path(place, url, signal));
    }
    found
}

fn path(place: &str, url: &Url, signal: Signal) -> Option<String> {
    let path = url.path();
    // A path that is missing altogether; another one may be the backend's own.
    if matches!(path, "" | "/") {
        return Some(format!(
            "{place} has no path and is used as it is; for most backends it ends in {}, which is appended to OTEL_EXPORTER_OTLP_ENDPOINT only",
            signal.path()
        ));
    }
    let doubled = Signal::ALL
        .iter()
        .any(|other| path.ends_with(&format!("{}{}", other.path(), signal.path())));
    if doubled {
        return Some(format!(
            "{place} ends in a signal's path already and gets {} appended; leave /v1/… out of it, or set the endpoint of that signal alone",
            signal.path()
        ));
    }
    let other = Signal::ALL
        .iter()
        .find(|other| **other != signal && path.ends_with(other.path()));
    if let Some(other) = other {
        return Some(format!(
            "{place} ends in {}, and {signal} are sent there; for most backends it ends in {}",
            other.path(),
            signal.path()
        ));
    }
    let victoria = url.port() == Some(10428) && !path.starts_with("/insert/opentelemetry/");
    victoria.then(|| {
        format!("{place} points at port 10428, where VictoriaTraces takes OTLP at /insert/opentelemetry/v1/traces only")
    })
}

#[cfg(test)]
mod tests {
    use crate::config::tests::warnings;

    const BASE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

    #[test]
    fn probable_mistakes_are_one_sentence_each() {
        for (variable, value, told) in [
            (TRACES, "http://box:4318", "/v1/traces"),
            (TRACES, "http://box:4318/", "used as it is"),
            (TRACES, "http://box:4318/v1/logs", "traces are sent there"),
            (
                TRACES,
                "http://box:10428/v1/traces",
                "/insert/opentelemetry",
            ),
            (BASE, "http://box:16686", "Jaeger's page"),
            (BASE, "http://box:14250", "own gRPC"),
            (BASE, "http://box:3200", "query port"),
            (BASE, "http://box:8126", "Datadog Agent"),
        ] {
            let found = warnings(&[(variable, value)]);
            assert_eq!(found.len(), 1, "{value}: {found:?}");
            assert!(found[0].starts_with(variable), "{}", found[0]);
            assert!(found[0].contains(told), "{}", found[0]);
        }
        // One for each signal, because each is sent somewhere else than meant.
        let doubled = warnings(&[(BASE, "http://box:4318/v1/traces")]);
        assert_eq!(doubled.len(), 3, "{doubled:?}");
        assert!(doubled[0].contains("leave /v1/… out"), "{}", doubled[0]);
    }

    #[test]
    fn paths_of_a_backends_own_are_left_alone() {
        for value in [
            "http://box:10428/insert/opentelemetry/v1/traces",
            "http://box:4318/custom",
            "http://box:9411/v1/traces",
        ] {
            assert_eq!(warnings(&[(TRACES, value)]), [""; 0], "{value}");
        }
    }

    #[test]
    fn the_port_of_the_other_protocol() {
        for (port, protocol, told) in [
            ("4317", "http/protobuf", "4318"),
            ("4317", "http/json", "4318"),
            ("4318", "grpc", "4317"),
        ] {
            let endpoint = format!("http://box:{port}");
            let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
            let found = warnings(&[(BASE, endpoint.as_str()), protocol]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains(told), "{}", found[0]);
        }
        let fitting = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
        assert_eq!(warnings(&[(BASE, "http://box:4317"), fitting]), [""; 0]);
    }
}
