//! The HTTP client that all destinations share.

use std::time::Duration;

use crate::config::Destination;

/// A client for the given destinations.
///
/// Redirects are not followed, because they would carry keys to another host. The timeout is set
/// per request.
pub(crate) fn build(destinations: &[Destination]) -> Result<reqwest::Client, String> {
    // Fails where the host has chosen a provider already, which is then used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("aether-telemetry/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .pool_idle_timeout(Duration::from_secs(60));
    let needs_tls = destinations
        .iter()
        .flat_map(|destination| destination.endpoints.values())
        .any(|endpoint| endpoint.url.scheme() == "https");
    if !needs_tls {
        // The system's certificates need not exist for plain HTTP.
        builder = builder.tls_certs_only([]);
    }
    builder
        .build()
        .map_err(|error| format!("no HTTP client for OTLP export: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn destinations(endpoint: &str) -> Vec<Destination> {
        let config = Config::from_lookup(|name| {
            (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| endpoint.to_owned())
        });
        config.unwrap().destinations
    }

    /// Without a crypto provider the client would panic here, and no sooner than with https.
    #[test]
    fn tls_works_whoever_chose_the_provider() {
        assert!(build(&destinations("https://otlp.example.com")).is_ok());
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
        assert!(build(&destinations("https://otlp.example.com")).is_ok());
        assert!(build(&destinations("http://localhost:4318")).is_ok());
    }
}
