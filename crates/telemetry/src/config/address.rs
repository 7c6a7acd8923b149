//! Addresses of endpoints: what is one, and how much of it may be shown.

use reqwest::Url;

const EXPECTED: &str = "expected a URL such as http://localhost:4318";

/// An `http` or `https` URL with a host.
pub(super) fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{EXPECTED} ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{EXPECTED}; the scheme must be http or https"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(format!("{EXPECTED}; the host is missing"));
    }
    Ok(url)
}

/// An address for gRPC: a URL, or `host:port` without a scheme, which means TLS unless `insecure`.
///
/// <https://opentelemetry.io/docs/specs/otel/protocol/exporter/#configuration-options>
pub(super) fn parse_grpc(text: &str, insecure: bool) -> Result<Url, String> {
    if text.contains("://") {
        return parse(text);
    }
    let scheme = if insecure { "http" } else { "https" };
    parse(&format!("{scheme}://{text}"))
        .map_err(|remedy| format!("{remedy}, or host:port without a scheme"))
}

/// `host:port`, the port even where the scheme implies it.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// A text as it may be shown: as it is written where nothing in it may be a secret.
pub(crate) fn shown(text: &str) -> String {
    let masked = masked(text);
    // Parsing gives an address its path.
    if masked.trim_end_matches('/') == text.trim_end_matches('/') {
        text.to_owned()
    } else {
        masked
    }
}

/// The URL without user, password and query, each of which may be a secret.
pub(super) fn masked(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else {
        return format!("**** ({} bytes)", text.len());
    };
    if url.cannot_be_a_base() {
        // `host:4318` is read as a scheme and a path; anything else of the kind may hold anything.
        let port = url.path();
        let plain = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        return if plain {
            text.to_owned()
        } else {
            format!("**** ({} bytes)", text.len())
        };
    }
    if !url.username().is_empty() || url.password().is_some() {
        // Both fail only for URLs without a host, which carry no credentials.
        let _ = url.set_username("****");
        let _ = url.set_password(None);
    }
    if url.query().is_some() {
        url.set_query(Some("****"));
    }
    if url.fragment().is_some() {
        url.set_fragment(Some("****"));
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_for_grpc_may_lack_the_scheme() {
        for (text, insecure, url) in [
            ("box:4317", false, "https://box:4317/"),
            ("box:4317", true, "http://box:4317/"),
            ("10.0.0.1:4317", true, "http://10.0.0.1:4317/"),
            ("[::1]:4317", true, "http://[::1]:4317/"),
            ("box", false, "https://box/"),
            ("http://box:4317", false, "http://box:4317/"),
            ("https://box:4317", true, "https://box:4317/"),
        ] {
            assert_eq!(parse_grpc(text, insecure).unwrap().as_str(), url, "{text}");
        }
        for bad in [
            "unix:///run/x",
            "dns:///box:4317",
            "box:port",
            ":4317",
            "a b",
        ] {
            assert!(parse_grpc(bad, false).is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        for (text, shown) in [
            (
                "http://me:hunter2@a/?k=hunter2#hunter2",
                "http://****@a/?****#****",
            ),
            ("localhost:4318", "localhost:4318"),
            ("me:hunter2@a", "**** (12 bytes)"),
            ("data:hunter2", "**** (12 bytes)"),
            ("hunter2", "**** (7 bytes)"),
        ] {
            assert_eq!(masked(text), shown, "{text}");
        }
    }
}
