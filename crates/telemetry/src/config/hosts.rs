//! Hosts of the usual vendors: which of them take OTLP, and over what.
//!
//! A host that is known by sight to be another one of the vendor's is a warning in one sentence,
//! not a refusal: vendors add hosts.

use http::HeaderMap;
use reqwest::Url;

use super::{Compression, Protocol};

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

/// Whether the host is one of Datadog's sites.
pub(super) fn is_datadog(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    ["datadoghq.com", "datadoghq.eu", "ddog-gov.com"]
        .iter()
        .any(|site| host == *site || host.ends_with(&format!(".{site}")))
}

/// Whether the host is one of New Relic's.
pub(super) fn is_new_relic(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "nr-data.net" || host.ends_with(".nr-data.net")
}

fn is_grafana_gateway(host: &str) -> bool {
    host.starts_with("otlp-gateway-") && host.ends_with(".grafana.net")
}

/// A vendor whose intake can be told from its other hosts by the start of the name.
struct Vendor {
    name: &'static str,
    domain: &'static str,
    intakes: &'static [&'static str],
    example: &'static str,
}

const VENDORS: &[Vendor] = &[
    Vendor {
        name: "Grafana Cloud",
        domain: "grafana.net",
        intakes: &["otlp-gateway-"],
        example: "https://otlp-gateway-<region>.grafana.net/otlp",
    },
    Vendor {
        name: "Honeycomb",
        domain: "honeycomb.io",
        intakes: &["api."],
        example: "https://api.honeycomb.io, or https://api.eu1.honeycomb.io in the EU",
    },
    Vendor {
        name: "SigNoz",
        domain: "signoz.cloud",
        intakes: &["ingest."],
        example: "https://ingest.<region>.signoz.cloud",
    },
    Vendor {
        name: "Dash0",
        domain: "dash0.com",
        intakes: &["ingress."],
        example: "https://ingress.<region>.aws.dash0.com",
    },
    Vendor {
        name: "Uptrace",
        domain: "uptrace.dev",
        intakes: &["api.", "otlp."],
        example: "https://api.uptrace.dev",
    },
    Vendor {
        name: "OpenObserve",
        domain: "openobserve.ai",
        intakes: &["api."],
        example: "https://api.openobserve.ai/api/<organization>",
    },
];

/// What looks wrong about the host of an endpoint, given what is sent there and how. `place` says
/// where the address stood.
pub(super) fn suspicious(
    place: &str,
    url: &Url,
    protocol: Protocol,
    compression: Compression,
    headers: &HeaderMap,
) -> Vec<String> {
    let host = url.host_str().unwrap_or_default();
    let mut found = Vec::new();
    if is_datadog(url)
        && !DATADOG_SITES
            .iter()
            .any(|site| host == format!("otlp.{site}"))
    {
        found.push(format!(
            "{place} names {host}, which is none of Datadog's OTLP intakes: otlp. and one of {}",
            DATADOG_SITES.join(", ")
        ));
    }
    for vendor in VENDORS {
        let of_vendor = host
            .strip_suffix(vendor.domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if of_vendor && !vendor.intakes.iter().any(|start| host.starts_with(start)) {
            found.push(format!(
                "{place} names {host}, which is not where {} takes OTLP: {}",
                vendor.name, vendor.example
            ));
        }
    }
    if let Some((only, protocol)) = other_protocol(url, protocol) {
        found.push(format!(
            "{place} names {host}, which takes OTLP over {only} only; set the protocol to {protocol}"
        ));
    }
    if compression == Compression::Zstd && is_grafana_gateway(host) {
        found.push(format!(
            "{place} names {host}, which does not take zstd; set the compression to gzip"
        ));
    }
    found.extend(missing_path(place, host, url.path(), protocol));
    found.extend(elastic(place, host));
    found.extend(new_relic(place, host, headers));
    found
}

/// What a host speaks where that is not what was asked for.
fn other_protocol(url: &Url, protocol: Protocol) -> Option<(&'static str, &'static str)> {
    let host = url.host_str().unwrap_or_default();
    match protocol {
        Protocol::Grpc if is_datadog(url) || is_grafana_gateway(host) => {
            Some(("HTTP", "http/protobuf"))
        }
        Protocol::HttpJson if is_datadog(url) => Some(("http/protobuf", "http/protobuf")),
        _ => None,
    }
}

/// Hosts below which OTLP has a path of its own.
fn missing_path(place: &str, host: &str, path: &str, protocol: Protocol) -> Option<String> {
    if protocol == Protocol::Grpc {
        return None;
    }
    let start = if is_grafana_gateway(host) {
        "/otlp/"
    } else if host == "api.openobserve.ai" {
        "/api/"
    } else {
        return None;
    };
    (!path.starts_with(start)).then(|| {
        format!("{place} names {host} without the path {start}…, below which it takes OTLP; anything else is answered with 404")
    })
}

/// Elastic Cloud gives each project several hosts; the second part of the name says what it is.
fn elastic(place: &str, host: &str) -> Option<String> {
    host.strip_suffix(".elastic.cloud")?;
    let kind = host.split('.').nth(1)?;
    matches!(kind, "es" | "kb").then(|| {
        format!("{place} names {host}, which is Elasticsearch or Kibana itself; the OTLP endpoint of the project has .ingest. in that place")
    })
}

/// New Relic's license keys tell their region, and its hosts are few.
fn new_relic(place: &str, host: &str, headers: &HeaderMap) -> Option<String> {
    const US: &str = "otlp.nr-data.net";
    const EU: &str = "otlp.eu01.nr-data.net";
    if !(host == "nr-data.net" || host.ends_with(".nr-data.net")) {
        return None;
    }
    if ![US, EU, "gov-otlp.nr-data.net"].contains(&host) {
        return Some(format!(
            "{place} names {host}, which is none of New Relic's OTLP intakes: {US}, or {EU} for accounts in the EU"
        ));
    }
    let european = headers.get("api-key")?.as_bytes().starts_with(b"eu01");
    (european && host != EU).then(|| {
        format!("{place} names {host}, but the api-key is one of the EU region, which is at {EU}")
    })
}

#[cfg(test)]
mod tests {
    use crate::config::tests::warnings;

    const BASE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

    #[test]
    fn other_hosts_of_a_vendor_are_one_sentence() {
        for (value, told) in [
            ("https://otlp.eu1.datadoghq.com", "datadoghq.eu"),
            ("https://api.datadoghq.com", "otlp."),
            ("https://otlp.eu.nr-data.net", "otlp.eu01.nr-data.net"),
            (
                "https://tempo-prod-04-prod-us-east-0.grafana.net/tempo",
                "otlp-gateway-",
            ),
            ("https://otlp-gateway-prod-us-east-0.grafana.net", "/otlp/"),
            ("https://ui.honeycomb.io", "api.eu1.honeycomb.io"),
            ("https://shop.us.signoz.cloud", "https://ingest."),
            ("https://app.dash0.com", "https://ingress."),
            ("https://app.uptrace.dev", "https://api.uptrace.dev"),
            (
                "https://cloud.openobserve.ai/api/org",
                "https://api.openobserve.ai",
            ),
            ("https://api.openobserve.ai", "/api/"),
            ("https://shop.es.eu-west-1.aws.elastic.cloud", ".ingest."),
        ] {
            let found = warnings(&[(BASE, value)]);
            let mut sentences = found.clone();
            sentences.sort_unstable();
            sentences.dedup();
            assert_eq!(sentences.len(), 1, "{value}: {found:?}");
            assert!(found[0].starts_with(BASE), "{}", found[0]);
            assert!(found[0].contains(told), "{}", found[0]);
        }
    }

    #[test]
    fn hosts_that_merely_end_alike_are_nobodys() {
        for value in [
            "https://otlp.example.com",
            "https://notgrafana.net",
            "https://mydash0.com",
            "https://evildatadoghq.com",
        ] {
            assert_eq!(warnings(&[(BASE, value)]), [""; 0], "{value}");
        }
    }

    #[test]
    fn grpc_where_only_http_is_spoken() {
        for host in [
            "otlp.datadoghq.com",
            "otlp-gateway-prod-eu-west-2.grafana.net",
        ] {
            let endpoint = format!("https://{host}");
            let found = warnings(&[
                (BASE, endpoint.as_str()),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains("http/protobuf"), "{}", found[0]);
        }
    }

    #[test]
    fn what_a_vendor_does_not_take() {
        for (host, variable, value, told) in [
            (
                "otlp.datadoghq.com",
                "PROTOCOL",
                "http/json",
                "http/protobuf only",
            ),
            (
                "otlp-gateway-prod-eu-west-2.grafana.net/otlp",
                "COMPRESSION",
                "zstd",
                "gzip",
            ),
        ] {
            let variable = format!("OTEL_EXPORTER_OTLP_{variable}");
            let endpoint = format!("https://{host}");
            let found = warnings(&[(BASE, endpoint.as_str()), (&variable, value)]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains(told), "{}", found[0]);
        }
    }

    #[test]
    fn a_key_of_another_region_is_noticed_and_not_shown() {
        let endpoint = |host: &str, key: &str| {
            warnings(&[
                (BASE, &format!("https://{host}")),
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
}
