//! One endpoint made ready: how a request becomes bytes on its way, and what the answer means.
//!
//! No queue, no retry and no count in here; see `super::sender` for those. The same code serves
//! the sender and the check of all destinations, so both judge alike.

mod answer;
mod broken;
mod client;
mod encode;
mod grpc;
mod grpc_status;
mod http;
mod tls;

use ::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TE};
use bytes::Bytes;
use reqwest::Url;

use crate::Signal;
use crate::config::{Compression, Endpoint, Protocol};

pub(crate) use answer::{Answer, Failure, Verdict};
pub(crate) use client::Clients;

/// A request as it goes over the wire. Made once per batch, not per attempt.
#[derive(Debug, Clone)]
pub(crate) struct Wire(Bytes);

impl Wire {
    /// Bytes of the body.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// An endpoint and the client that reaches it.
#[derive(Debug)]
pub(crate) struct Transport {
    endpoint: Endpoint,
    signal: Signal,
    client: reqwest::Client,
    url: Url,
    headers: HeaderMap,
}

impl Transport {
    /// Makes an endpoint ready. Opens no connection.
    ///
    /// # Errors
    /// A sentence saying why there is no client, which of its certificates is at fault.
    pub(crate) fn new(
        endpoint: &Endpoint,
        signal: Signal,
        clients: &mut Clients,
    ) -> Result<Self, String> {
        let mut url = endpoint.url.clone();
        if endpoint.protocol == Protocol::Grpc {
            url.set_path(grpc::method(signal));
            url.set_query(None);
        }
        Ok(Self {
            client: clients.get(endpoint)?,
            headers: headers(endpoint),
            endpoint: endpoint.clone(),
            signal,
            url,
        })
    }

    /// The URL that is asked for. May hold a key.
    #[cfg(test)]
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The body for a request in protobuf; `None` where that is malformed, which only shows where
    /// it has to be translated.
    pub(crate) fn encode(&self, request: &Bytes) -> Option<Wire> {
        encode::encode(&self.endpoint, self.signal, request).map(Wire)
    }

    /// Sends once and judges the answer. Takes no longer than the endpoint's timeout.
    pub(crate) async fn send(&self, wire: &Wire) -> Answer {
        let request = self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone())
            .timeout(self.endpoint.timeout)
            .body(wire.0.clone());
        let answer = match request.send().await {
            Ok(response) if self.endpoint.protocol == Protocol::Grpc => {
                grpc::judge(self.signal, response).await
            }
            Ok(response) => http::judge(self.signal, response).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => answer.without(&self.endpoint.headers),
            Err(error) => broken::judge(&error, &self.endpoint),
        }
    }
}

/// Everything but the length, computed once. What the protocol needs wins over what was
/// configured.
fn headers(endpoint: &Endpoint) -> HeaderMap {
    let mut headers = endpoint.headers.clone();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    let compression = match endpoint.compression {
        Compression::None => None,
        Compression::Gzip => Some("gzip"),
        Compression::Zstd => Some("zstd"),
    };
    let (kind, encoding) = match endpoint.protocol {
        Protocol::HttpProtobuf => ("application/x-protobuf", CONTENT_ENCODING),
        Protocol::HttpJson => ("application/json", CONTENT_ENCODING),
        Protocol::Grpc => (
            "application/grpc+proto",
            HeaderName::from_static("grpc-encoding"),
        ),
    };
    set(CONTENT_TYPE, kind);
    if let Some(compression) = compression {
        set(encoding, compression);
    }
    if endpoint.protocol == Protocol::Grpc {
        set(TE, "trailers");
        set(HeaderName::from_static("grpc-accept-encoding"), "identity");
        if let Ok(timeout) = HeaderValue::from_str(&grpc::timeout(endpoint.timeout)) {
            headers.insert("grpc-timeout", timeout);
        }
    }
    headers
}

#[cfg(test)]
mod tests;
