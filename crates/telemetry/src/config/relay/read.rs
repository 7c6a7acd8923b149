//! From settings to [`RelaySettings`].

use std::time::Duration;

use http::HeaderName;

use super::super::parse;
use super::super::reader::Reader;
use super::{
    ClientAddress, Network, OriginPattern, Quota, RelayLimits, RelaySettings, clients, scrub,
};

const CREDENTIALS: &str = "AETHER_TELEMETRY_RELAY_CREDENTIALS";

/// Reads the settings of the relay.
pub(in crate::config) fn read(reader: &mut Reader<'_>) -> RelaySettings {
    let default = RelaySettings::default();
    let origins = reader.value("AETHER_TELEMETRY_RELAY_ORIGINS", |text| {
        list(text, OriginPattern::parse)
    });
    let clients = clients::read(reader);
    let credentials = reader.value(CREDENTIALS, parse::boolean);
    let for_each = match clients.is_empty() {
        true => Quota::default(),
        false => Quota::KEYED,
    };
    let settings = RelaySettings {
        origins: origins.unwrap_or_default(),
        credentials: credentials.unwrap_or(false),
        client_quota: quota(reader, "AETHER_TELEMETRY_RELAY_CLIENT_", for_each),
        total_quota: quota(reader, "AETHER_TELEMETRY_RELAY_", Quota::default()),
        clients,
        client_address: reader
            .value("AETHER_TELEMETRY_RELAY_CLIENT_ADDRESS", client_address)
            .unwrap_or_default(),
        trusted_proxies: reader
            .value("AETHER_TELEMETRY_RELAY_TRUSTED_PROXIES", |text| {
                list(text, Network::parse)
            })
            .unwrap_or_default(),
        forwarded_header: reader
            .value("AETHER_TELEMETRY_RELAY_FORWARDED_HEADER", |text| {
                HeaderName::from_bytes(text.as_bytes())
                    .map_err(|_| "expected the name of an HTTP header".to_owned())
            })
            .unwrap_or(default.forwarded_header),
        user_agent: reader
            .value("AETHER_TELEMETRY_RELAY_USER_AGENT", parse::boolean)
            .unwrap_or(default.user_agent),
        max_skew: match reader.value("AETHER_TELEMETRY_RELAY_MAX_SKEW", parse::limit) {
            Some(0) => None,
            Some(milliseconds) => Some(Duration::from_millis(milliseconds.into())),
            None => default.max_skew,
        },
        scrub: scrub::read(reader),
        limits: limits(reader, default.limits),
    };
    let everybody = settings.origins.iter().any(OriginPattern::is_any)
        || (settings.clients.iter()).any(|client| client.origins.iter().any(OriginPattern::is_any));
    if settings.credentials
        && everybody
        && let Some(found) = reader.find(CREDENTIALS)
    {
        let remedy = "cookies cannot be allowed to every origin; name the origins instead of *";
        reader.problem(&found, "true".to_owned(), remedy.to_owned());
    }
    settings
}

fn list<T>(text: &str, one: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let entries = text.split(',').map(str::trim);
    let entries = entries.filter(|entry| !entry.is_empty());
    entries.map(one).collect()
}

fn quota(reader: &mut Reader<'_>, prefix: &str, default: Quota) -> Quota {
    let requests = reader.value(&format!("{prefix}REQUESTS"), parse::limit);
    let bytes = reader.value(&format!("{prefix}BYTES"), |text| {
        parse::bytes(text, 0, 1 << 40)
    });
    // `usize` has at most 64 bits.
    let bytes = bytes.map(|bytes| bytes as u64);
    Quota {
        requests: requests.map_or(default.requests, |n| (n > 0).then_some(n)),
        bytes: bytes.map_or(default.bytes, |n| (n > 0).then_some(n)),
    }
}

fn limits(reader: &mut Reader<'_>, default: RelayLimits) -> RelayLimits {
    let mut limit = |name: &str, default| {
        let found = reader.value(&format!("AETHER_TELEMETRY_RELAY_{name}"), parse::limit);
        found.map_or(default, |n| (n > 0).then_some(n))
    };
    RelayLimits {
        attributes: limit("ATTRIBUTES", default.attributes),
        value_length: limit("VALUE_LENGTH", default.value_length),
        metric_values: limit("METRIC_VALUES", default.metric_values),
    }
}

fn client_address(text: &str) -> Result<ClientAddress, String> {
    match text.to_ascii_lowercase().as_str() {
        "off" => Ok(ClientAddress::Off),
        "network" => Ok(ClientAddress::Network),
        "full" => Ok(ClientAddress::Full),
        _ => Err("expected `off`, `network` or `full`".to_owned()),
    }
}
