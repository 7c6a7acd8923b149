//! Where telemetry goes: endpoints and their headers.
//!
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;

use super::read::Reader;
use super::{exporters, mistakes, parse};
use crate::Signal;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// One receiver of OTLP, with its own queue.
///
/// Endpoints of several signals that share scheme, host and port are one destination.
#[derive(Debug, Clone, PartialEq)]
pub struct Destination {
    /// `host:port`; never holds a secret. The `destination` attribute of our own metrics.
    pub name: String,
    /// What is sent there, and how.
    pub endpoints: BTreeMap<Signal, Endpoint>,
}

/// How one signal is sent to a destination.
#[derive(Clone, PartialEq)]
pub struct Endpoint {
    /// The complete URL of the signal.
    pub url: Url,
    /// Headers sent along; values are marked sensitive and not shown by `Debug`.
    pub headers: HeaderMap,
    /// Longest wait for an answer (`OTEL_EXPORTER_OTLP_TIMEOUT`, milliseconds, default 10 000).
    pub timeout: Duration,
    /// Compression of request bodies (`OTEL_EXPORTER_OTLP_COMPRESSION`, default none).
    pub compression: Compression,
    /// Encoding and transport (`OTEL_EXPORTER_OTLP_PROTOCOL`, default `http/protobuf`).
    pub protocol: Protocol,
    /// Whom to trust and who to be where the scheme is `https`.
    pub tls: Tls,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &masked_url(self.url.as_str()))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("timeout", &self.timeout)
            .field("compression", &self.compression)
            .field("protocol", &self.protocol)
            .field("tls", &self.tls)
            .finish()
    }
}

/// Encoding and transport of OTLP.
///
/// <https://opentelemetry.io/docs/specs/otlp/>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// `http/protobuf`: protobuf over HTTP, `POST …/v1/{signal}`.
    #[default]
    HttpProtobuf,
    /// `http/json`: OTLP/JSON over HTTP, `POST …/v1/{signal}`.
    HttpJson,
    /// `grpc`: unary calls over HTTP/2; `http://` means without TLS, and the path is the service's.
    Grpc,
}

/// Certificates of a destination, in PEM.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// Trusted besides the system's certificates (`OTEL_EXPORTER_OTLP_CERTIFICATE` names the file).
    pub ca: Option<Vec<u8>>,
    /// What this side shows when asked (`OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE` and
    /// `OTEL_EXPORTER_OTLP_CLIENT_KEY` name the files): certificate chain and private key.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

impl fmt::Debug for Tls {
    /// Says what there is, and shows none of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("ca", &self.ca.is_some())
            .field("client", &self.client.is_some())
            .finish()
    }
}

/// Compression of a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// As it is.
    #[default]
    None,
    /// gzip, level 6.
    Gzip,
    /// Zstandard, level 3.
    Zstd,
}

/// Reads every `OTEL_EXPORTER_OTLP_*` variable and groups the result by destination.
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
        let name = authority(&endpoint.url);
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
    let own = format!("OTEL_EXPORTER_OTLP_{}_", signal.as_str().to_uppercase());
    let (variable, url) = if let Some(value) = reader.text(&format!("{own}ENDPOINT")) {
        (format!("{own}ENDPOINT"), value)
    } else {
        let base = reader.text("OTEL_EXPORTER_OTLP_ENDPOINT")?;
        ("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), base)
    };
    let mut url = match parse_url(&url) {
        Ok(parsed) => parsed,
        Err(remedy) => {
            reader.problem(&variable, masked_url(&url), remedy);
            return None;
        }
    };
    if variable == "OTEL_EXPORTER_OTLP_ENDPOINT" {
        let path = format!("{}{}", url.path().trim_end_matches('/'), signal.path());
        url.set_path(&path);
    }

    let explicit_http = protocol(reader, &own);
    if let Err(remedy) = mistakes::impossible(&url, explicit_http) {
        reader.problem(&variable, masked_url(url.as_str()), remedy);
        return None;
    }
    let mut headers = headers(reader, &own);
    if is_datadog(&url)
        && !headers.contains_key("dd-api-key")
        && let Some(key) = reader.text("DD_API_KEY")
    {
        match secret_value(&key) {
            Some(value) => {
                headers.insert(HeaderName::from_static("dd-api-key"), value);
            }
            None => reader.problem(
                "DD_API_KEY",
                "****".to_owned(),
                "holds characters that an HTTP header cannot carry".to_owned(),
            ),
        }
    }
    for warning in mistakes::suspicious(&variable, &url, signal, &headers) {
        reader.warning(warning);
    }
    Some(Endpoint {
        url,
        headers,
        timeout: reader
            .either(&own, "OTEL_EXPORTER_OTLP_", "TIMEOUT", parse::milliseconds)
            .unwrap_or(DEFAULT_TIMEOUT),
        compression: reader
            .either(&own, "OTEL_EXPORTER_OTLP_", "COMPRESSION", compression)
            .unwrap_or_default(),
        protocol: Protocol::default(),
        tls: Tls::default(),
    })
}

fn compression(text: &str) -> Result<Compression, String> {
    match text.to_ascii_lowercase().as_str() {
        "none" => Ok(Compression::None),
        "gzip" => Ok(Compression::Gzip),
        _ => Err("expected `gzip` or `none`".to_owned()),
    }
}

/// Whether `http/protobuf` was asked for by name.
fn protocol(reader: &mut Reader<'_>, own: &str) -> bool {
    reader
        .either(
            own,
            "OTEL_EXPORTER_OTLP_",
            "PROTOCOL",
            |text| match text.to_ascii_lowercase().as_str() {
                "http/protobuf" => Ok(true),
                "grpc" => Err("gRPC is not available here; set it to `http/protobuf` and the endpoint to the receiver's HTTP port, usually 4318".to_owned()),
                "http/json" => Err("JSON is not available here; set it to `http/protobuf`, which every OTLP receiver takes".to_owned()),
                _ => Err("expected `http/protobuf`".to_owned()),
            },
        )
        .unwrap_or(false)
}

fn headers(reader: &mut Reader<'_>, own: &str) -> HeaderMap {
    let mut variable = format!("{own}HEADERS");
    let text = reader.text(&variable).or_else(|| {
        variable = "OTEL_EXPORTER_OTLP_HEADERS".to_owned();
        reader.text(&variable)
    });
    let mut headers = HeaderMap::new();
    let Some(text) = text else {
        return headers;
    };
    let pairs = match parse::pairs(&text) {
        Ok(pairs) => pairs,
        Err(remedy) => {
            reader.problem(&variable, "****".to_owned(), remedy);
            return headers;
        }
    };
    for (key, value) in pairs {
        match (
            HeaderName::from_bytes(key.as_bytes()),
            secret_value(&value),
        ) {
            (Ok(name), Some(value)) => {
                headers.insert(name, value);
            }
            (Err(_), _) => reader.problem(
                &variable,
                "****".to_owned(),
                "one of its keys is not an HTTP header name; expected key=value,key=value".to_owned(),
            ),
            (_, None) => reader.problem(
                &variable,
                format!("{key}=****"),
                "its value holds characters that an HTTP header cannot carry; percent-encode commas only".to_owned(),
            ),
        }
    }
    headers
}

fn secret_value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn parse_url(text: &str) -> Result<Url, String> {
    const EXPECTED: &str = "expected a URL such as http://localhost:4318";
    let url = Url::parse(text).map_err(|error| format!("{EXPECTED} ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{EXPECTED}; the scheme must be http or https"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(format!("{EXPECTED}; the host is missing"));
    }
    Ok(url)
}

/// Whether the host is one of Datadog's sites.
pub(super) fn is_datadog(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    ["datadoghq.com", "datadoghq.eu", "ddog-gov.com"]
        .iter()
        .any(|site| host == *site || host.ends_with(&format!(".{site}")))
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The URL without user, password and query, each of which may be a secret.
pub(super) fn masked_url(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else {
        return format!("**** ({} bytes)", text.len());
    };
    if !url.username().is_empty() || url.password().is_some() {
        // Both fail only for URLs without a host, which carry no credentials.
        let _ = url.set_username("****");
        let _ = url.set_password(None);
    }
    if url.query().is_some() {
        url.set_query(Some("****"));
    }
    url.into()
}
