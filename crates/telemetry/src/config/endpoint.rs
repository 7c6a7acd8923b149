//! From the `OTEL_EXPORTER_OTLP_*` settings to destinations.
//!
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;

use super::destination::{Compression, Destination, Endpoint, Protocol};
use super::reader::{Found, OTLP, Reader};
use super::{address, exporters, headers, hosts, mistakes, parse, tls};
use crate::Signal;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the endpoint of every signal and groups them by destination.
pub(super) fn read(reader: &mut Reader<'_>) -> Vec<Destination> {
    let mut destinations: Vec<Destination> = Vec::new();
    for signal in Signal::ALL {
        let chosen = exporters::read(reader, signal);
        if !chosen.otlp {
            continue;
        }
        let Some(endpoint) = endpoint(reader, signal) else {
            if chosen.chosen && reader.is_fine() {
                reader.warning(format!(
                    "{} asks for otlp and there is no endpoint: set OTEL_EXPORTER_OTLP_ENDPOINT, for example to http://localhost:4318",
                    exporters::variable(signal)
                ));
            }
            continue;
        };
        let name = address::authority(&endpoint.url);
        let scheme = endpoint.url.scheme().to_owned();
        let known = destinations.iter_mut().find(|known| {
            known.name == name && known.endpoints.values().all(|e| e.url.scheme() == scheme)
        });
        match known {
            Some(known) => {
                known.endpoints.insert(signal, endpoint);
            }
            None => destinations.push(Destination {
                name,
                endpoints: BTreeMap::from([(signal, endpoint)]),
            }),
        }
    }
    destinations
}

fn endpoint(reader: &mut Reader<'_>, signal: Signal) -> Option<Endpoint> {
    let own = format!("{OTLP}{}_", signal.as_str().to_uppercase());
    let found = reader.find_either(&own, OTLP, "ENDPOINT")?;
    let asked = reader.either(&own, OTLP, "PROTOCOL", protocol);
    let protocol = asked.unwrap_or_default();
    let url = url(reader, &own, &found, signal, protocol)?;
    if let Err(remedy) = mistakes::impossible(&url, asked) {
        reader.problem(&found, address::masked(url.as_str()), remedy);
        return None;
    }
    let headers = headers::read(reader, &own, &url);
    let tls = tls::read(reader, &own);
    let mut warnings = mistakes::suspicious(&found.variable, &url, signal, protocol);
    warnings.extend(hosts::suspicious(&found.variable, &url, protocol, &headers));
    if url.scheme() == "http" && tls != tls::Tls::default() {
        warnings.push(format!(
            "{} begins with http://, so the certificates that are set are not used; write https:// where the receiver speaks TLS",
            found.variable
        ));
    }
    for warning in warnings {
        reader.warning(warning);
    }
    Some(Endpoint {
        url,
        headers,
        timeout: reader
            .either(&own, OTLP, "TIMEOUT", parse::milliseconds)
            .unwrap_or(DEFAULT_TIMEOUT),
        compression: reader
            .either(&own, OTLP, "COMPRESSION", compression)
            .unwrap_or_default(),
        protocol,
        tls,
    })
}

/// The address of a signal: complete for HTTP, scheme and authority for gRPC.
fn url(
    reader: &mut Reader<'_>,
    own: &str,
    found: &Found,
    signal: Signal,
    protocol: Protocol,
) -> Option<Url> {
    let insecure = reader.either(own, OTLP, "INSECURE", parse::boolean);
    let parsed = match protocol {
        Protocol::Grpc => address::parse_grpc(&found.text, insecure.unwrap_or(false)),
        Protocol::HttpProtobuf | Protocol::HttpJson => address::parse(&found.text),
    };
    let mut url = match parsed {
        Ok(url) => url,
        Err(remedy) => {
            reader.problem(found, address::masked(&found.text), remedy);
            return None;
        }
    };
    if protocol == Protocol::Grpc {
        if !matches!(url.path(), "" | "/") {
            reader.warning(format!(
                "{} has a path, which gRPC does not use: only {}://{} counts",
                found.variable,
                url.scheme(),
                address::authority(&url)
            ));
        }
        url.set_path("");
        url.set_query(None);
    } else if found.variable == format!("{OTLP}ENDPOINT") {
        let path = format!("{}{}", url.path().trim_end_matches('/'), signal.path());
        url.set_path(&path);
    }
    Some(url)
}

fn protocol(text: &str) -> Result<Protocol, String> {
    match text.to_ascii_lowercase().as_str() {
        "http/protobuf" => Ok(Protocol::HttpProtobuf),
        "http/json" => Ok(Protocol::HttpJson),
        "grpc" => Ok(Protocol::Grpc),
        _ => Err("expected `http/protobuf`, `http/json` or `grpc`".to_owned()),
    }
}

fn compression(text: &str) -> Result<Compression, String> {
    match text.to_ascii_lowercase().as_str() {
        "none" => Ok(Compression::None),
        "gzip" => Ok(Compression::Gzip),
        "zstd" => Ok(Compression::Zstd),
        _ => Err("expected `gzip`, `zstd` or `none`".to_owned()),
    }
}
