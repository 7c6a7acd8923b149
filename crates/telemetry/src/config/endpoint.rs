//! From the `OTEL_EXPORTER_OTLP_*` settings to destinations.
//!
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;

use super::destination::{Compression, Destination, Endpoint, Protocol};
use super::layers::{Found, Layer};
use super::reader::{OTLP, Reader};
use super::{Flow, Retry, address, exporters, flow, headers, hosts, mistakes, parse, several, tls};
use crate::Signal;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The setting that most people need.
pub(super) const OTLP_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// Reads where each signal goes: to its endpoint, or where it has none to every `[[destination]]`
/// of the file. `retry` holds for destinations that do not have their own.
pub(super) fn read(reader: &mut Reader<'_>, retry: Retry) -> Vec<Destination> {
    let layers = reader.layers();
    let given = layers.given.destinations.iter();
    let file = layers.file.map(|file| &file.destinations[..]);
    let file = file.unwrap_or_default();
    let tables: Vec<_> = given
        .map(|table| (table, false))
        .chain(file.iter().map(|table| (table, true)))
        .collect();
    for problem in &layers.given.wrong {
        reader.push(problem.clone());
    }
    let flow = flow::read(reader, Flow::default());
    let mut destinations: Vec<Destination> = Vec::new();
    let mut elsewhere = Vec::new();
    for signal in Signal::ALL {
        let found = reader.find_either(&Reader::own(signal), OTLP, "ENDPOINT");
        match found {
            Some(found) if found.layer == Layer::File && !tables.is_empty() => {
                let remedy = "there are [[destination]] tables, too; write this endpoint as one more of them";
                reader.problem(&found, address::masked(&found.text), remedy.to_owned());
            }
            Some(_) => direct(reader, signal, flow, &mut destinations),
            None if tables.is_empty() => direct(reader, signal, flow, &mut destinations),
            None => elsewhere.push(signal),
        }
    }
    if !tables.is_empty() && !elsewhere.is_empty() {
        let general = several::General { retry, flow };
        several::read(reader, &tables, &elsewhere, general, &mut destinations);
    }
    destinations
}

/// Adds the signal's own endpoint to the destinations; those that share scheme, host and port are
/// one destination.
fn direct(
    reader: &mut Reader<'_>,
    signal: Signal,
    flow: Flow,
    destinations: &mut Vec<Destination>,
) {
    let chosen = exporters::read(reader, signal);
    if !chosen.otlp {
        return;
    }
    let Some(endpoint) = endpoint(reader, signal) else {
        if chosen.chosen && reader.is_fine() {
            reader.warning(format!(
                "{} asks for otlp and there is no endpoint: set {OTLP_ENDPOINT}, for example to http://localhost:4318",
                exporters::variable(signal)
            ));
        }
        return;
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
            flow: flow.for_host(&endpoint.url),
            endpoints: BTreeMap::from([(signal, endpoint)]),
            queue_bytes: None,
            retry: None,
        }),
    }
}

/// What is set for one signal; `None` where there is no address, or a problem with it.
pub(super) fn endpoint(reader: &mut Reader<'_>, signal: Signal) -> Option<Endpoint> {
    let own = Reader::own(signal);
    let found = reader.find_either(&own, OTLP, "ENDPOINT")?;
    let asked = reader.either(&own, OTLP, "PROTOCOL", protocol);
    let protocol = asked.unwrap_or_default();
    // Read before the address is judged, so that all that is wrong is told at once.
    let timeout = reader.either(&own, OTLP, "TIMEOUT", parse::milliseconds);
    let compression = reader
        .either(&own, OTLP, "COMPRESSION", compression)
        .unwrap_or_default();
    let url = url(reader, &own, &found, signal, protocol)?;
    if let Err(remedy) = mistakes::impossible(&url, asked) {
        reader.problem(&found, address::masked(&found.text), remedy);
        return None;
    }
    let headers = headers::read(reader, &own, &url, &found);
    let tls = tls::read(reader, &own);
    let place = &found.place;
    let mut warnings = mistakes::suspicious(place, &url, signal, protocol);
    let of_host = hosts::suspicious(place, &url, protocol, compression, &headers);
    warnings.extend(of_host);
    if url.scheme() == "http" && tls != tls::Tls::default() {
        warnings.push(format!(
            "{place} begins with http://, so the certificates that are set are not used; write https:// where the receiver speaks TLS"
        ));
    }
    for warning in warnings {
        reader.warning(warning);
    }
    Some(Endpoint {
        url,
        headers,
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
        compression,
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
                found.place,
                url.scheme(),
                address::authority(&url)
            ));
        }
        url.set_path("");
        url.set_query(None);
    } else if found.variable == OTLP_ENDPOINT {
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
