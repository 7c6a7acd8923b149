//! Ways in for the fuzz targets.

use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

use axum::extract::ConnectInfo;
use http::request::Parts;

use super::address::Addresses;
use super::treat::{Stamp, Treatment};
use super::{clock, keys};
use crate::config::{Network, RelayLimits, RelaySettings};
use crate::otlp::view::key_value;
use crate::otlp::wire::Fields;
use crate::{Config, Signal};

/// Small bounds, so that small inputs reach them.
static TREATMENT: LazyLock<Treatment> = LazyLock::new(|| {
    let settings = RelaySettings {
        limits: RelayLimits {
            attributes: Some(3),
            value_length: Some(8),
            metric_values: Some(1),
        },
        ..RelaySettings::default()
    };
    Treatment::new(&settings, None).expect("the defaults can be used")
});

/// What becomes of a request in protobuf; `None` where it is none.
pub(crate) fn treat(signal: Signal, request: &[u8]) -> Option<Vec<u8>> {
    let stamp = Stamp {
        client: Some("fuzz".into()),
        address: Some("192.0.2.0".to_owned()),
        user_agent: Some("fuzz".to_owned()),
        sent_at: Some(1_000_000),
        received: 1_800_000_000_000_000_000,
    };
    let treated = TREATMENT.apply(signal, request, None, &stamp);
    treated.ok().map(|treated| treated.body)
}

/// Panics unless every resource says once where it is from.
pub(crate) fn assert_marked(signal: Signal, request: &[u8]) {
    for part in messages(request, 1) {
        let resources = messages(part, 1);
        assert_eq!(resources.len(), 1, "{signal}");
        let attributes = messages(resources[0], 1);
        let of = |wanted: &[u8]| {
            let pairs = attributes
                .iter()
                .map(|one| key_value(one).expect("checked"));
            let values = pairs.filter(|(key, _)| *key == wanted);
            values.map(|(_, value)| value).collect::<Vec<_>>()
        };
        assert_eq!(of(b"aether.source"), [b"\x0a\x07browser"]);
        assert_eq!(of(b"aether.client"), [b"\x0a\x04fuzz"]);
        assert_eq!(of(b"client.address"), [b"\x0a\x09192.0.2.0"]);
        for scope in messages(part, 2) {
            for scope in messages(scope, 1) {
                let attributes = messages(scope, 3);
                let mut keys = attributes
                    .iter()
                    .map(|one| key_value(one).expect("checked").0);
                assert!(keys.all(|key| key != b"aether.source"));
            }
        }
    }
}

/// The contents of a field.
fn messages(message: &[u8], number: u32) -> Vec<&[u8]> {
    let fields = Fields::new(message).map(|field| field.expect("checked"));
    let fields = fields.filter(|field| field.number == number);
    fields.filter_map(|field| field.content).collect()
}

/// Whose request it is, with that in a header that a trusted proxy wrote.
pub(crate) fn forwarded(header: &str, chain: &str) -> Option<IpAddr> {
    let settings = RelaySettings {
        trusted_proxies: vec![Network::parse("10.0.0.0/8").expect("a network")],
        forwarded_header: header.parse().expect("a header"),
        ..RelaySettings::default()
    };
    let request = http::Request::post("/v1/traces").header(header, chain);
    let peer = SocketAddr::from(([10, 0, 0, 1], 1));
    let request = request.extension(ConnectInfo(peer)).body(()).ok()?;
    Addresses::new(&settings).of(&request.into_parts().0)
}

/// Reads what an address may hold.
pub(crate) fn query(query: &str) {
    let Some(parts) = parts(query) else {
        return;
    };
    let key = keys::presented(&parts);
    assert!(key.is_none_or(|key| query.contains(key)));
    let _ = clock::sent_at(&parts);
}

fn parts(query: &str) -> Option<Parts> {
    let request = http::Request::post(format!("/v1/traces?{query}"));
    Some(request.body(()).ok()?.into_parts().0)
}

/// Reads a text as every setting that is a list.
pub(crate) fn pairs(text: &str) {
    for variable in [
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_RESOURCE_ATTRIBUTES",
        "AETHER_TELEMETRY_RELAY_KEYS",
        "AETHER_TELEMETRY_RELAY_ORIGINS",
        "AETHER_TELEMETRY_RELAY_TRUSTED_PROXIES",
    ] {
        let read = Config::from_lookup(|name| match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some("http://localhost:4318".to_owned()),
            name => (name == variable).then(|| text.to_owned()),
        });
        if let Err(error) = read {
            assert!(!error.to_string().is_empty());
        }
    }
}
