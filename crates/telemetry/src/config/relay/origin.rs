//! Origins of pages, and patterns of them.
//!
//! An origin is `scheme://host[:port]` (<https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin>). A
//! pattern may have `*.` before the host, for every name below it, and `*` as port. `*` alone is
//! every origin. `null`, which any page in a sandbox has, matches `*` only.

use std::fmt;

/// Origins that may send, as the settings have them: `https://shop.example`,
/// `https://*.shop.example`, `http://localhost:*` or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginPattern(Pattern);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Any,
    Like {
        scheme: String,
        /// With the leading dot where names below it are meant.
        host: String,
        /// `None`: any.
        port: Option<u16>,
    },
}

/// The origin of a page, as its browser writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// Reads `Origin`; `None` for `null` and for what is no origin.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, host, port) = split(text)?;
        Some(Self {
            port: number(port, &scheme)?,
            host: name(host)?,
            scheme,
        })
    }

    /// Whether pages of it come from the host that a request was sent to, which `Host` says. A
    /// proxy may have spoken HTTPS, so the scheme is not compared.
    pub(crate) fn is_at(&self, host: &str) -> bool {
        Self::parse(&format!("{}://{host}", self.scheme)).as_ref() == Some(self)
    }
}

impl OriginPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A sentence that says what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = "expected origins such as https://shop.example, https://*.shop.example, http://localhost:* or *";
        if text == "*" {
            return Ok(Self(Pattern::Any));
        }
        let read = || {
            let (scheme, host, port) = split(text)?;
            let port = match port {
                Some("*") => None,
                port => Some(number(port, &scheme)?),
            };
            let host = match host.strip_prefix("*.") {
                Some(below) => format!(".{}", name(below)?),
                None => name(host)?,
            };
            Some(Pattern::Like { scheme, host, port })
        };
        read().map(Self).ok_or_else(|| expected.to_owned())
    }

    /// Whether it is `*`, which stands for every origin.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0 == Pattern::Any
    }

    /// Whether an origin, as a browser writes it, is meant.
    ///
    /// ```
    /// use aether_telemetry::OriginPattern;
    ///
    /// let pattern = OriginPattern::parse("https://*.shop.example")?;
    /// assert!(pattern.matches("https://www.shop.example"));
    /// assert!(!pattern.matches("https://shop.example"), "only names below it");
    /// assert!(!pattern.matches("http://www.shop.example"));
    /// # Ok::<(), String>(())
    /// ```
    #[must_use]
    pub fn matches(&self, origin: &str) -> bool {
        self.is_any() || Origin::parse(origin).is_some_and(|origin| self.takes(&origin))
    }

    pub(crate) fn takes(&self, origin: &Origin) -> bool {
        let Pattern::Like { scheme, host, port } = &self.0 else {
            return true;
        };
        let host_fits = match host.strip_prefix('.') {
            Some(_) => origin.host.len() > host.len() && origin.host.ends_with(host.as_str()),
            None => origin.host == *host,
        };
        host_fits && origin.scheme == *scheme && port.is_none_or(|port| port == origin.port)
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Pattern::Any => f.write_str("*"),
            Pattern::Like { scheme, host, port } => {
                let star = if host.starts_with('.') { "*" } else { "" };
                write!(f, "{scheme}://{star}{host}:")?;
                match port {
                    Some(port) => write!(f, "{port}"),
                    None => f.write_str("*"),
                }
            }
        }
    }
}

/// Scheme, host and the text of the port.
fn split(text: &str) -> Option<(String, &str, Option<&str>)> {
    let (scheme, authority) = text.split_once("://")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) || !scheme.bytes().all(plain)
    {
        return None;
    }
    let end = match authority.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at_checked(end)?;
    let port = match port.strip_prefix(':') {
        Some(port) => Some(port),
        None if port.is_empty() => None,
        None => return None,
    };
    Some((scheme.to_ascii_lowercase(), host, port))
}

/// A port, or the usual one of the scheme. Other schemes have none, and count as 0.
fn number(text: Option<&str>, scheme: &str) -> Option<u16> {
    match (text, scheme) {
        (Some(text), _) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        (Some(_), _) => None,
        (None, "http") => Some(80),
        (None, "https") => Some(443),
        (None, _) => Some(0),
    }
}

/// A host name or address in lower case.
fn name(text: &str) -> Option<String> {
    let bare = text.strip_prefix('[').map_or(Some(text), |rest| {
        let inner = rest.strip_suffix(']')?;
        inner.parse::<std::net::Ipv6Addr>().ok().map(|_| inner)
    })?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let address = bare.len() != text.len();
    let good = !bare.is_empty() && (address || bare.bytes().all(plain));
    good.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_patterns() {
        for (pattern, good, bad) in [
            (
                "https://shop.example",
                &["https://shop.example", "https://SHOP.example:443"][..],
                &[
                    "http://shop.example",
                    "https://shop.example:8443",
                    "https://shop.example.evil.example",
                    "https://evilshop.example",
                    "https://www.shop.example",
                    "https://shop.example@evil.example",
                    "null",
                ][..],
            ),
            (
                "https://*.shop.example",
                &["https://a.shop.example", "https://a.b.shop.example"],
                &[
                    "https://shop.example",
                    "https://.shop.example",
                    "https://evilshop.example",
                    "https://a.shop.example:8443",
                    "https://a.shop.example.evil.example",
                ],
            ),
            (
                "http://localhost:*",
                &["http://localhost", "http://localhost:5173"],
                &["https://localhost:5173", "http://localhost.evil.example:80"],
            ),
            (
                "http://[::1]:8080",
                &["http://[::1]:8080"],
                &["http://[::1]", "http://[::2]:8080", "http://::1:8080"],
            ),
            (
                "capacitor://localhost",
                &["capacitor://localhost"],
                &["https://localhost"],
            ),
            ("*", &["https://any.example", "null", "file://"], &[]),
        ] {
            let pattern = OriginPattern::parse(pattern).unwrap();
            for origin in good {
                assert!(pattern.matches(origin), "{pattern} {origin}");
            }
            for origin in bad {
                assert!(!pattern.matches(origin), "{pattern} {origin}");
            }
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for bad in [
            "",
            "null",
            "shop.example",
            "https://",
            "https://*",
            "https://*.",
            "https://a.*.example",
            "https://shop.example/",
            "https://shop.example:x",
            "https://shop.example:99999",
            "https://a b",
            "://a",
            "https://u@a",
            "https://[::1",
        ] {
            assert!(OriginPattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_servers_own_pages() {
        for (origin, host, own) in [
            ("http://localhost:3000", "localhost:3000", true),
            ("https://shop.example", "shop.example", true),
            ("https://shop.example", "shop.example:443", true),
            ("https://shop.example:8443", "shop.example", false),
            ("http://evil.example", "shop.example", false),
            ("http://localhost:3000", "", false),
        ] {
            let origin = Origin::parse(origin).unwrap();
            assert_eq!(origin.is_at(host), own, "{origin:?} {host}");
        }
    }
}
