//! The address of a client: of the connection, or what a trusted proxy says.
//!
//! A header can be written by anybody, so it counts only where the connection comes from a proxy
//! that the settings trust, and only up to the first address in its chain that is not one: what
//! stands before that was written by a stranger.
//! `Forwarded`: <https://www.rfc-editor.org/rfc/rfc7239>.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::HeaderName;
use http::header::FORWARDED;
use http::request::Parts;

use crate::config::{ClientAddress, Network, RelaySettings};

/// Longest chain of proxies that is looked at.
const MAX_HOPS: usize = 32;

/// Whom to believe.
#[derive(Debug)]
pub(super) struct Addresses {
    trusted: Vec<Network>,
    header: HeaderName,
}

impl Addresses {
    pub(super) fn new(settings: &RelaySettings) -> Self {
        Self {
            trusted: settings.trusted_proxies.clone(),
            header: settings.forwarded_header.clone(),
        }
    }

    /// The client's address; `None` where the host of the router does not say who is connected
    /// (`into_make_service_with_connect_info`).
    pub(super) fn of(&self, parts: &Parts) -> Option<IpAddr> {
        let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
        let mut nearest = peer.ip().to_canonical();
        if !self.is_trusted(nearest) {
            return Some(nearest);
        }
        let lines = parts.headers.get_all(&self.header);
        let lines: Vec<&str> = lines
            .iter()
            .map(|line| line.to_str().unwrap_or(""))
            .collect();
        // The last entry is the one that the nearest proxy wrote.
        let entries = lines.iter().rev().flat_map(|line| line.rsplit(','));
        for entry in entries.take(MAX_HOPS) {
            // What cannot be read hides what stands before it.
            let Some(address) = self.address(entry) else {
                break;
            };
            nearest = address;
            if !self.is_trusted(address) {
                break;
            }
        }
        Some(nearest)
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    fn address(&self, entry: &str) -> Option<IpAddr> {
        if self.header != FORWARDED {
            return parse(entry);
        }
        let mut pairs = entry.split(';').filter_map(|pair| pair.split_once('='));
        let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
        parse(node.trim().trim_matches('"'))
    }
}

/// An address, perhaps with a port, in brackets where it is IPv6 with one.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = |text: &str| text.parse::<IpAddr>().ok();
    let with_port = |text: &str| text.parse::<SocketAddr>().ok().map(|found| found.ip());
    let bracketed = || bare(text.strip_prefix('[')?.strip_suffix(']')?);
    let found = bare(text).or_else(|| with_port(text)).or_else(bracketed);
    found.map(|address| address.to_canonical())
}

/// The address as far as the setting lets it be known.
pub(super) fn shown(address: IpAddr, how: ClientAddress) -> Option<String> {
    match (how, address) {
        (ClientAddress::Off, _) => None,
        (ClientAddress::Full, _) => Some(address.to_string()),
        (ClientAddress::Network, IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            Some(Ipv4Addr::new(a, b, c, 0).to_string())
        }
        (ClientAddress::Network, IpAddr::V6(address)) => Some(first_bits(address, 48).to_string()),
    }
}

/// What quotas take for one client: an IPv6 customer has 64 bits of addresses to choose from.
pub(super) fn neighbourhood(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => first_bits(address, 64).into(),
        v4 => v4,
    }
}

fn first_bits(address: Ipv6Addr, bits: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - bits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &str, lines: &[&str], peer: &str) -> String {
        let network = |text: &&str| Network::parse(text).unwrap();
        let addresses = Addresses {
            trusted: ["10.0.0.0/8", "fd00::/8"].iter().map(network).collect(),
            header: header.parse().unwrap(),
        };
        let mut request = http::Request::post("/v1/traces");
        for line in lines {
            request = request.header(header, *line);
        }
        let peer: SocketAddr = peer.parse().unwrap();
        let request = request.extension(ConnectInfo(peer)).body(()).unwrap();
        addresses.of(&request.into_parts().0).unwrap().to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let xff = "x-forwarded-for";
        for (header, lines, peer, expected) in [
            (xff, &["6.6.6.6"][..], "9.9.9.9:1", "9.9.9.9"),
            (xff, &["6.6.6.6"], "10.0.0.1:1", "6.6.6.6"),
            (xff, &["6.6.6.6, 7.7.7.7"], "10.0.0.1:1", "7.7.7.7"),
            (
                xff,
                &["6.6.6.6, 7.7.7.7, 10.0.0.2"],
                "10.0.0.1:1",
                "7.7.7.7",
            ),
            (
                xff,
                &["6.6.6.6", "7.7.7.7,10.0.0.2"],
                "10.0.0.1:1",
                "7.7.7.7",
            ),
            (
                xff,
                &["6.6.6.6, rubbish, 10.0.0.2"],
                "10.0.0.1:1",
                "10.0.0.2",
            ),
            (xff, &["10.0.0.3"], "10.0.0.1:1", "10.0.0.3"),
            (xff, &[], "10.0.0.1:1", "10.0.0.1"),
            (xff, &["[2001:db8::1]:80"], "[fd00::1]:1", "2001:db8::1"),
            (xff, &["::ffff:6.6.6.6"], "[::ffff:10.0.0.1]:1", "6.6.6.6"),
            (
                "forwarded",
                &["for=6.6.6.6, For=\"[2001:db8::2]:47\";proto=https;by=10.0.0.9"],
                "10.0.0.1:1",
                "2001:db8::2",
            ),
            ("forwarded", &["for=unknown"], "10.0.0.1:1", "10.0.0.1"),
            ("cf-connecting-ip", &["6.6.6.6"], "10.0.0.1:1", "6.6.6.6"),
        ] {
            assert_eq!(of(header, lines, peer), expected, "{lines:?}");
        }
    }

    #[test]
    fn how_much_of_an_address_is_known() {
        let (v4, v6) = ("192.0.2.77", "2001:db8:1:2:3::4");
        for (address, how, expected) in [
            (v4, ClientAddress::Off, None),
            (v4, ClientAddress::Network, Some("192.0.2.0")),
            (v4, ClientAddress::Full, Some(v4)),
            (v6, ClientAddress::Network, Some("2001:db8:1::")),
            (v6, ClientAddress::Full, Some(v6)),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(shown(address, how).as_deref(), expected);
        }
        let customer = neighbourhood(v6.parse().unwrap());
        assert_eq!(customer.to_string(), "2001:db8:1:2::");
    }
}
