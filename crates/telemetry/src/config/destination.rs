//! Where telemetry goes: destinations and their endpoints.
//!
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use reqwest::Url;

use super::tls::Tls;
use super::{Flow, Retry, address};
use crate::Signal;

/// One receiver of OTLP, with its own queue.
///
/// Endpoints of several signals that share scheme, host and port are one destination. Each
/// `[[destination]]` of the file is one, too.
#[derive(Debug, Clone, PartialEq)]
pub struct Destination {
    /// `host:port`, or the name it was given; never holds a secret. The `destination` attribute of
    /// our own metrics.
    pub name: String,
    /// What is sent there, and how.
    pub endpoints: BTreeMap<Signal, Endpoint>,
    /// Bound of its queue in bytes. Default: [`Config::queue_bytes`](crate::Config::queue_bytes).
    pub queue_bytes: Option<usize>,
    /// How its failed requests are repeated. Default: [`Config::retry`](crate::Config::retry).
    pub retry: Option<Retry>,
    /// How fast and in what pieces it is sent to.
    pub flow: Flow,
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

impl Endpoint {
    /// The URL without user, password, query and fragment, each of which may be a secret.
    pub(crate) fn masked_url(&self) -> String {
        address::masked(self.url.as_str())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &self.masked_url())
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

impl Protocol {
    /// The name in `OTEL_EXPORTER_OTLP_PROTOCOL`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HttpProtobuf => "http/protobuf",
            Self::HttpJson => "http/json",
            Self::Grpc => "grpc",
        }
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

impl Compression {
    /// The name in `OTEL_EXPORTER_OTLP_COMPRESSION`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}
