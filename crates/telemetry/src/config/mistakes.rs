//! Endpoints and keys that are known by sight to be wrong, each with one sentence that says so.
//!
//! What cannot work is refused; what probably does not work is a warning, because a proxy may
//! stand in front.

use http::HeaderMap;
use reqwest::Url;

use super::destination::is_datadog;
use crate::Signal;

/// Datadog's sites, each of which has its intake at `otlp.<site>`.
const DATADOG_SITES: [&str; 7] = [
    "datadoghq.com",
    "us3.datadoghq.com",
    "us5.datadoghq.com",
    "datadoghq.eu",
    "ap1.datadoghq.com",
    "ap2.datadoghq.com",
    "ddog-gov.com",
];

/// Endpoints that older guides name and that cannot work.
pub(super) fn impossible(url: &Url, explicit_http: bool) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(14268) => Err(format!(
            "port 14268 is Jaeger's Thrift intake, not OTLP; Jaeger takes OTLP at http://{host}:4318"
        )),
        Some(4317) if !explicit_http => Err(format!(
            "port 4317 is OTLP over gRPC, which is not available here; set http://{host}:4318, or OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf if that port really speaks HTTP"
        )),
        _ if host.starts_with("trace.agent.") => Err(format!(
            "{host} is the Datadog Agent's own intake, not OTLP; Datadog takes OTLP at https://otlp.<site>/v1/traces"
        )),
        _ => Ok(()),
    }
}

/// What looks wrong about an endpoint, its path complete, and about the headers for it. `variable`
/// gave the URL.
pub(super) fn suspicious(
    variable: &str,
    url: &Url,
    signal: Signal,
    headers: &HeaderMap,
) -> Vec<String> {
    let host = url.host_str().unwrap_or_default();
    let mut found = Vec::new();
    if url.port() == Some(4317) {
        found.push(format!(
            "{variable} points at port 4317, which usually speaks gRPC; OTLP over HTTP usually is at 4318"
        ));
    }
    // A path that is missing altogether; another one may be the backend's own.
    if matches!(url.path(), "" | "/") {
        found.push(format!(
            "{variable} has no path and is used as it is; for most backends it ends in {}, which is appended to OTEL_EXPORTER_OTLP_ENDPOINT only",
            signal.path()
        ));
    }
    let doubled = Signal::ALL.iter().any(|other| {
        url.path()
            .ends_with(&format!("{}{}", other.path(), signal.path()))
    });
    if doubled {
        found.push(format!(
            "{variable} ends in a signal's path already and gets {} appended; leave /v1/… out of it, or set the endpoint of that signal alone",
            signal.path()
        ));
    }
    if is_datadog(url)
        && !DATADOG_SITES
            .iter()
            .any(|site| host == format!("otlp.{site}"))
    {
        found.push(format!(
            "{variable} names {host}, which is none of Datadog's OTLP intakes: otlp. and one of {}",
            DATADOG_SITES.join(", ")
        ));
    }
    found.extend(new_relic(variable, host, headers));
    found
}

/// New Relic's license keys tell their region, and its hosts are few.
fn new_relic(variable: &str, host: &str, headers: &HeaderMap) -> Option<String> {
    const US: &str = "otlp.nr-data.net";
    const EU: &str = "otlp.eu01.nr-data.net";
    if !(host == "nr-data.net" || host.ends_with(".nr-data.net")) {
        return None;
    }
    if ![US, EU, "gov-otlp.nr-data.net"].contains(&host) {
        return Some(format!(
            "{variable} names {host}, which is none of New Relic's OTLP intakes: {US}, or {EU} for accounts in the EU"
        ));
    }
    let european = headers.get("api-key")?.as_bytes().starts_with(b"eu01");
    (european && host != EU).then(|| {
        format!(
            "{variable} names {host}, but the api-key is one of the EU region, which is at {EU}"
        )
    })
}

#[cfg(test)]
mod tests {
    use crate::Config;

    fn warnings(variables: &[(&str, &str)]) -> Vec<String> {
        let config = Config::from_lookup(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        config.unwrap().warnings
    }

    #[test]
    fn probable_mistakes_are_one_sentence_each() {
        const BASE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
        const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
        for (variable, value, told) in [
            (TRACES, "http://box:4318", "/v1/traces"),
            (TRACES, "http://box:4318/", "used as it is"),
            (BASE, "https://otlp.eu1.datadoghq.com", "datadoghq.eu"),
            (BASE, "https://api.datadoghq.com", "otlp."),
            (BASE, "https://otlp.eu.nr-data.net", "otlp.eu01.nr-data.net"),
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
    fn a_key_of_another_region_is_noticed_and_not_shown() {
        let endpoint = |host: &str, key: &str| {
            warnings(&[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("https://{host}")),
                ("OTEL_EXPORTER_OTLP_HEADERS", &format!("api-key={key}")),
            ])
        };
        let found = endpoint("otlp.nr-data.net", "eu01xxhunter2");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("otlp.eu01.nr-data.net") && !found[0].contains("hunter2"));
        for (host, key) in [
            ("otlp.nr-data.net", "abc"),
            ("otlp.eu01.nr-data.net", "eu01xx"),
            ("api.honeycomb.io", "eu01xx"),
        ] {
            assert_eq!(endpoint(host, key), [""; 0], "{host}");
        }
    }

    #[test]
    fn paths_of_a_backends_own_are_left_alone() {
        for value in [
            "http://box:10428/insert/opentelemetry/v1/traces",
            "http://box:4318/custom",
        ] {
            let found = warnings(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", value)]);
            assert_eq!(found, [""; 0], "{value}");
        }
    }
}
