//! Who asked, and what they asked for: addresses, scheme and host of a request.
//!
//! <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#setting-serveraddress-and-serverport-attributes>

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::header::{FORWARDED, HOST};
use http::uri::Authority;
use http::{HeaderMap, Request};

/// What a request says about the two ends of its way.
#[derive(Debug, Default)]
pub(super) struct Origin {
    /// The other end of the connection; known where the app is served with
    /// `into_make_service_with_connect_info::<SocketAddr>()`.
    pub(super) peer: Option<SocketAddr>,
    /// The client behind the proxies.
    pub(super) client: Option<IpAddr>,
    pub(super) secure: bool,
    pub(super) host: Option<Authority>,
}

impl Origin {
    /// `proxied` believes the headers that proxies add; anybody else can send them, too.
    pub(super) fn of<B>(request: &Request<B>, proxied: bool) -> Self {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(peer)| *peer);
        let mut found = Self {
            peer,
            client: peer.map(|peer| peer.ip()),
            secure: request.uri().scheme_str() == Some("https"),
            host: host(request),
        };
        if proxied {
            found.believe(request.headers());
        }
        found
    }

    fn believe(&mut self, headers: &HeaderMap) {
        let text = |name: &str| first(headers.get(name)?.to_str().ok()?);
        let forwarded = headers.get(FORWARDED).and_then(|value| value.to_str().ok());
        let element = forwarded.and_then(first);
        let field = |name| element.and_then(|element| field(element, name));
        if let Some(client) = field("for")
            .or_else(|| text("x-forwarded-for"))
            .and_then(address)
        {
            self.client = Some(client);
        }
        if let Some(scheme) = field("proto").or_else(|| text("x-forwarded-proto")) {
            self.secure = scheme.eq_ignore_ascii_case("https");
        }
        let host = field("host").or_else(|| text("x-forwarded-host"));
        if let Some(host) = host.and_then(|host| host.parse().ok()) {
            self.host = Some(host);
        }
    }
}

/// The first element of a list: what the proxy nearest to the client has written.
fn first(list: &str) -> Option<&str> {
    let element = list.split(',').next()?.trim();
    (!element.is_empty()).then_some(element)
}

/// A parameter of an element of `Forwarded` (RFC 7239, section 4).
fn field<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"'))
    })
}

/// An address, with or without a port; nothing for names and `unknown`.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    text.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

fn host<B>(request: &Request<B>) -> Option<Authority> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.clone());
    }
    request.headers().get(HOST)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::get("/").header("host", "inner:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        let peer: SocketAddr = "10.0.0.1:5000".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    }

    fn facts(origin: &Origin) -> (String, bool, String) {
        let client = origin.client.map(|client| client.to_string());
        let host = origin.host.as_ref().map(ToString::to_string);
        (
            client.unwrap_or_default(),
            origin.secure,
            host.unwrap_or_default(),
        )
    }

    #[test]
    fn headers_of_proxies_count_only_where_there_is_one() {
        let inner = ("10.0.0.1".to_owned(), false, "inner:8080".to_owned());
        for (headers, client, secure, host) in [
            (
                &[
                    ("x-forwarded-for", "1.2.3.4, 10.0.0.9"),
                    ("x-forwarded-proto", "https"),
                    ("x-forwarded-host", "example.org"),
                ][..],
                "1.2.3.4",
                true,
                "example.org",
            ),
            (
                &[(
                    "forwarded",
                    "for=\"[2001:db8::1]:4711\";proto=HTTPS;host=example.org:8443, for=10.0.0.9",
                )],
                "2001:db8::1",
                true,
                "example.org:8443",
            ),
            (
                &[("forwarded", "For=1.2.3.4:80")],
                "1.2.3.4",
                false,
                "inner:8080",
            ),
            (
                &[
                    ("x-forwarded-for", "unknown"),
                    ("x-forwarded-host", "not a host"),
                ],
                "10.0.0.1",
                false,
                "inner:8080",
            ),
            (&[("x-forwarded-for", "[::1]")], "::1", false, "inner:8080"),
            (
                &[("forwarded", ""), ("x-forwarded-for", "")],
                "10.0.0.1",
                false,
                "inner:8080",
            ),
        ] {
            let request = request(headers);
            assert_eq!(facts(&Origin::of(&request, false)), inner, "{headers:?}");
            let expected = (client.to_owned(), secure, host.to_owned());
            assert_eq!(facts(&Origin::of(&request, true)), expected, "{headers:?}");
        }
    }
}
