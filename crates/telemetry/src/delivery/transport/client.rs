//! The HTTP clients: one per way of securing a connection, shared by all endpoints that want the
//! same.

use std::time::Duration;

use reqwest::{Certificate, Client, Identity};

use crate::config::{Endpoint, Protocol, Tls};

/// What makes a client of its own necessary.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kind {
    /// HTTP/2 from the first byte, as gRPC wants it.
    http2: bool,
    /// `None` where nothing is encrypted.
    tls: Option<Tls>,
}

/// The clients made so far.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    made: Vec<(Kind, Client)>,
}

impl Clients {
    /// The client for an endpoint.
    pub(super) fn get(&mut self, endpoint: &Endpoint) -> Result<Client, String> {
        let kind = Kind {
            http2: endpoint.protocol == Protocol::Grpc,
            tls: (endpoint.url.scheme() == "https").then(|| endpoint.tls.clone()),
        };
        if let Some((_, client)) = self.made.iter().find(|(made, _)| *made == kind) {
            return Ok(client.clone());
        }
        let client = build(&kind)?;
        self.made.push((kind, client.clone()));
        Ok(client)
    }
}

/// Redirects are not followed, because they would carry keys to another host. The timeout is set
/// per request.
fn build(kind: &Kind) -> Result<Client, String> {
    // Fails where the host has chosen a provider already, which is then used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("aether-telemetry/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .pool_idle_timeout(Duration::from_secs(60));
    if kind.http2 {
        builder = builder.http2_prior_knowledge();
    }
    builder = match &kind.tls {
        // The system's certificates need not exist for plain HTTP.
        None => builder.tls_certs_only([]),
        Some(tls) => {
            if let Some(pem) = &tls.ca {
                builder = builder.tls_certs_merge(authorities(pem)?);
            }
            if let Some((certificate, key)) = &tls.client {
                builder = builder.identity(identity(certificate, key)?);
            }
            builder
        }
    };
    builder.build().map_err(|error| {
        let cause = super::broken::cause(&error);
        if kind.tls.as_ref().is_some_and(|tls| tls.client.is_some()) {
            format!(
                "no TLS client for OTLP export: {cause}; check that OTEL_EXPORTER_OTLP_CLIENT_KEY holds the private key of OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"
            )
        } else {
            format!("no HTTP client for OTLP export: {cause}")
        }
    })
}

fn authorities(pem: &[u8]) -> Result<Vec<Certificate>, String> {
    let found = Certificate::from_pem_bundle(pem);
    found.ok().filter(|found| !found.is_empty()).ok_or_else(|| {
        "OTEL_EXPORTER_OTLP_CERTIFICATE holds no certificate: expected PEM, `-----BEGIN CERTIFICATE-----`".to_owned()
    })
}

fn identity(certificate: &[u8], key: &[u8]) -> Result<Identity, String> {
    let pem = [certificate, b"\n", key].concat();
    Identity::from_pem(&pem).map_err(|_| {
        "the client certificate or its key cannot be read: OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE must hold `-----BEGIN CERTIFICATE-----` and OTEL_EXPORTER_OTLP_CLIENT_KEY an unencrypted `-----BEGIN PRIVATE KEY-----`".to_owned()
    })
}
