//! Where a request comes from: its `Host`, its `Origin` and what the browser says about the page behind it.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::{HOST, ORIGIN};

/// An origin as browsers write it: scheme, host and port. The port is always explicit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// Reads `scheme://host[:port]`, scheme `http` or `https`, without path.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = default_port(&scheme)?;
        let (host, port) = split_authority(authority)?;
        Some(Self {
            scheme,
            host,
            port: port.unwrap_or(default_port),
        })
    }

    /// Whether cookies for it can be marked `Secure`.
    pub(crate) fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Whether requests to `host` are requests to this origin, as far as the host can tell.
    pub(crate) fn is_at(&self, host: &HostName) -> bool {
        self.host == host.name && host.port.is_none_or(|port| port == self.port)
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// Splits `host[:port]` and checks that nothing else is in it. The host comes out in lower case.
fn split_authority(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        address.parse::<std::net::Ipv6Addr>().ok()?;
        (&authority[..address.len() + 2], rest)
    } else {
        let end = authority.find(':').unwrap_or(authority.len());
        authority.split_at(end)
    };
    let port = match port.strip_prefix(':') {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().ok()?)
        }
        None if port.is_empty() => None,
        _ => return None,
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    (!bare.is_empty() && bare.bytes().all(plain)).then(|| (host.to_ascii_lowercase(), port))
}

/// Why a request's place of origin is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadPlace {
    /// No `Host`, several, or one that cannot be read.
    NoHost,
    /// A host name that is not this server's: a foreign name that resolves to this machine (DNS rebinding).
    ForeignHost,
    /// The page behind the request has another origin.
    ForeignOrigin,
    /// The browser says that another site is behind the request.
    CrossSite,
}

/// The host that a request was sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostName {
    name: String,
    port: Option<u16>,
}

impl HostName {
    /// Reads the one `Host` header (HTTP/1.1) or `authority` (HTTP/2).
    pub(crate) fn of(headers: &HeaderMap, authority: Option<&str>) -> Result<Self, BadPlace> {
        let mut hosts = headers.get_all(HOST).iter();
        let header = match (hosts.next(), hosts.next()) {
            (Some(host), None) => Some(host.to_str().map_err(|_| BadPlace::NoHost)?),
            (None, _) => None,
            (Some(_), Some(_)) => return Err(BadPlace::NoHost),
        };
        let text = match (header, authority) {
            (Some(header), Some(authority)) if !header.eq_ignore_ascii_case(authority) => {
                return Err(BadPlace::NoHost);
            }
            (Some(text), _) | (None, Some(text)) => text,
            (None, None) => return Err(BadPlace::NoHost),
        };
        let (name, port) = split_authority(text).ok_or(BadPlace::NoHost)?;
        Ok(Self { name, port })
    }

    /// As it goes into a URL. Only letters, digits and `-._:[]` can be in it.
    pub(crate) fn authority(&self) -> String {
        self.port
            .map_or_else(|| self.name.clone(), |port| format!("{}:{port}", self.name))
    }

    /// Whether a page of this server can have been loaded from it.
    ///
    /// An address always can: only a *name* can be pointed at this machine by somebody else.
    fn is_ours(&self, public: &[Origin]) -> bool {
        self.name == "localhost"
            || self.name.ends_with(".localhost")
            || self
                .name
                .trim_start_matches('[')
                .trim_end_matches(']')
                .parse::<IpAddr>()
                .is_ok()
            || public.iter().any(|origin| origin.host == self.name)
    }

    /// Whether `origin` is the origin of pages loaded from this host over plain HTTP.
    fn is_origin(&self, origin: &Origin) -> bool {
        origin.scheme == "http"
            && origin.host == self.name
            && origin.port == self.port.unwrap_or(80)
    }
}

/// Checks `Host`, `Origin` and `Sec-Fetch-Site`. `navigation` says that a person opened a page with it.
pub(crate) fn check(
    headers: &HeaderMap,
    host: &HostName,
    public: &[Origin],
    navigation: bool,
) -> Result<(), BadPlace> {
    if !host.is_ours(public) {
        return Err(BadPlace::ForeignHost);
    }
    for value in headers.get_all(ORIGIN) {
        let origin = value
            .to_str()
            .ok()
            .and_then(Origin::parse)
            .ok_or(BadPlace::ForeignOrigin)?;
        if !host.is_origin(&origin) && !public.contains(&origin) {
            return Err(BadPlace::ForeignOrigin);
        }
    }
    if !navigation && is_foreign_site(headers) {
        return Err(BadPlace::CrossSite);
    }
    Ok(())
}

/// Whether the browser says that a page of another site or origin is behind the request.
pub(crate) fn is_foreign_site(headers: &HeaderMap) -> bool {
    headers
        .get_all("sec-fetch-site")
        .iter()
        .any(|site| site != "same-origin" && site != "none")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let good = [
            ("http://localhost", ("http", "localhost", 80)),
            (
                "https://Term.Example.org",
                ("https", "term.example.org", 443),
            ),
            ("http://127.0.0.1:57575", ("http", "127.0.0.1", 57575)),
            ("http://[::1]:8080", ("http", "[::1]", 8080)),
        ];
        for (text, (scheme, host, port)) in good {
            let origin = Origin {
                scheme: scheme.into(),
                host: host.into(),
                port,
            };
            assert_eq!(Origin::parse(text), Some(origin), "{text}");
        }
        for bad in [
            "null",
            "",
            "localhost",
            "ftp://localhost",
            "http://",
            "http://a/",
            "http://a:b",
            "http://a:",
            "http://a:70000",
            "http://a:+80",
            "http://u@a",
            "http://[::1",
            "http://[a]",
            "http://[::1]x",
            "http://a b",
            "http://a,b",
        ] {
            assert_eq!(Origin::parse(bad), None, "{bad:?}");
        }
    }

    fn headers(list: &[(&str, &str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| {
                (
                    name.parse::<http::HeaderName>().unwrap(),
                    value.parse().unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn the_table_of_places() {
        use BadPlace::{CrossSite, ForeignHost, ForeignOrigin};
        let public = [Origin::parse("https://term.example.org").unwrap()];
        type Case<'a> = (&'a [(&'a str, &'a str)], bool, Result<(), BadPlace>);
        let cases: &[Case<'_>] = &[
            (&[("host", "127.0.0.1:57575")], false, Ok(())),
            (&[("host", "localhost:8080")], false, Ok(())),
            (&[("host", "[::1]:57575")], false, Ok(())),
            (&[("host", "192.168.1.7:57575")], false, Ok(())),
            (&[("host", "term.example.org")], false, Ok(())),
            (&[("host", "evil.example:57575")], false, Err(ForeignHost)),
            (
                &[("host", "localhost.evil.example")],
                false,
                Err(ForeignHost),
            ),
            (
                &[("host", "127.0.0.1.evil.example")],
                true,
                Err(ForeignHost),
            ),
            (
                &[("host", "localhost:1"), ("origin", "http://localhost:1")],
                false,
                Ok(()),
            ),
            (
                &[("host", "localhost"), ("origin", "http://localhost")],
                false,
                Ok(()),
            ),
            (
                &[("host", "localhost:1"), ("origin", "http://localhost:2")],
                false,
                Err(ForeignOrigin),
            ),
            (
                &[("host", "localhost:1"), ("origin", "https://localhost:1")],
                false,
                Err(ForeignOrigin),
            ),
            (
                &[("host", "localhost:1"), ("origin", "http://127.0.0.1:1")],
                false,
                Err(ForeignOrigin),
            ),
            (
                &[("host", "localhost:1"), ("origin", "http://evil.example")],
                true,
                Err(ForeignOrigin),
            ),
            (
                &[("host", "localhost:1"), ("origin", "null")],
                false,
                Err(ForeignOrigin),
            ),
            (
                &[
                    ("host", "localhost:1"),
                    ("origin", "http://localhost:1, http://evil.example"),
                ],
                false,
                Err(ForeignOrigin),
            ),
            (
                &[
                    ("host", "localhost:1"),
                    ("origin", "https://term.example.org"),
                ],
                false,
                Ok(()),
            ),
            (
                &[
                    ("host", "term.example.org"),
                    ("origin", "http://term.example.org:8080"),
                ],
                false,
                Err(ForeignOrigin),
            ),
            (
                &[("host", "localhost"), ("sec-fetch-site", "same-origin")],
                false,
                Ok(()),
            ),
            (
                &[("host", "localhost"), ("sec-fetch-site", "none")],
                false,
                Ok(()),
            ),
            (
                &[("host", "localhost"), ("sec-fetch-site", "same-site")],
                false,
                Err(CrossSite),
            ),
            (
                &[("host", "localhost"), ("sec-fetch-site", "cross-site")],
                false,
                Err(CrossSite),
            ),
            (
                &[("host", "localhost"), ("sec-fetch-site", "something-new")],
                false,
                Err(CrossSite),
            ),
            (
                &[("host", "localhost"), ("sec-fetch-site", "cross-site")],
                true,
                Ok(()),
            ),
        ];
        for (list, navigation, expected) in cases {
            let headers = headers(list);
            let host = HostName::of(&headers, None).unwrap();
            assert_eq!(
                check(&headers, &host, &public, *navigation),
                *expected,
                "{list:?} navigation={navigation}"
            );
        }
    }

    #[test]
    fn one_readable_host_is_needed() {
        let twice = {
            let mut map = headers(&[("host", "localhost")]);
            map.append(HOST, "evil.example".parse().unwrap());
            map
        };
        let cases = [
            (headers(&[]), None, None),
            (headers(&[]), Some("localhost:1"), Some("localhost:1")),
            (
                headers(&[("host", "Localhost:1")]),
                Some("localhost:1"),
                Some("localhost:1"),
            ),
            (
                headers(&[("host", "localhost:1")]),
                Some("evil.example"),
                None,
            ),
            (headers(&[("host", "a/b")]), None, None),
            (headers(&[("host", "")]), None, None),
            (twice, None, None),
        ];
        for (headers, authority, expected) in cases {
            let host = HostName::of(&headers, authority)
                .ok()
                .map(|host| host.authority());
            assert_eq!(host.as_deref(), expected, "{headers:?} {authority:?}");
        }
    }
}
