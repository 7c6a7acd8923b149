//! The relay for browsers: who may send, how much, and what becomes of it.

mod clients;
mod network;
mod origin;
mod read;
mod scrub;

use std::time::Duration;

use http::HeaderName;

pub use clients::RelayClient;
pub use network::Network;
pub(crate) use origin::Origin;
pub use origin::OriginPattern;
pub(super) use read::read;
pub(crate) use scrub::Needs;
pub use scrub::{Scrub, ValueRule};

/// Clocks of clients that are off by no more than this are left alone: 10 s.
const DEFAULT_MAX_SKEW: Duration = Duration::from_secs(10);

/// What the relay lets in and what it does to it. The default is what an empty environment gives:
/// everybody who reaches the router may send, pages of other origins cannot.
#[derive(Debug, Clone, PartialEq)]
pub struct RelaySettings {
    /// Origins whose pages may send (`AETHER_TELEMETRY_RELAY_ORIGINS`), besides the server's own.
    /// Default: none.
    pub origins: Vec<OriginPattern>,
    /// Whether pages of other origins may send with their cookies
    /// (`AETHER_TELEMETRY_RELAY_CREDENTIALS`). Default: no.
    pub credentials: bool,
    /// Who has a key (`AETHER_TELEMETRY_RELAY_KEYS`, `AETHER_TELEMETRY_RELAY_KEY_ORIGINS`).
    /// Default: nobody, and none is asked for.
    pub clients: Vec<RelayClient>,
    /// Bounds for each client (`AETHER_TELEMETRY_RELAY_CLIENT_REQUESTS`,
    /// `AETHER_TELEMETRY_RELAY_CLIENT_BYTES`). Default: none without keys; with keys 50 requests
    /// and 2 MiB per second.
    pub client_quota: Quota,
    /// Bounds for all together (`AETHER_TELEMETRY_RELAY_REQUESTS`, `AETHER_TELEMETRY_RELAY_BYTES`).
    /// Default: none.
    pub total_quota: Quota,
    /// Whether the client's address becomes an attribute
    /// (`AETHER_TELEMETRY_RELAY_CLIENT_ADDRESS`). Default: no.
    pub client_address: ClientAddress,
    /// Proxies that are believed about who is behind them
    /// (`AETHER_TELEMETRY_RELAY_TRUSTED_PROXIES`). Default: none.
    pub trusted_proxies: Vec<Network>,
    /// The header in which they say it (`AETHER_TELEMETRY_RELAY_FORWARDED_HEADER`). Default:
    /// `x-forwarded-for`.
    pub forwarded_header: HeaderName,
    /// Whether the browser's `User-Agent` becomes an attribute
    /// (`AETHER_TELEMETRY_RELAY_USER_AGENT`). Default: yes.
    pub user_agent: bool,
    /// How far a client's clock may be off before its times are corrected
    /// (`AETHER_TELEMETRY_RELAY_MAX_SKEW`, milliseconds); `None`: they never are. Default: 10 s.
    pub max_skew: Option<Duration>,
    /// What is taken out of attributes and texts.
    pub scrub: Scrub,
    /// Bounds of what an item may hold.
    pub limits: RelayLimits,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            credentials: false,
            clients: Vec::new(),
            client_quota: Quota::default(),
            total_quota: Quota::default(),
            client_address: ClientAddress::Off,
            trusted_proxies: Vec::new(),
            forwarded_header: HeaderName::from_static("x-forwarded-for"),
            user_agent: true,
            max_skew: Some(DEFAULT_MAX_SKEW),
            scrub: Scrub::default(),
            limits: RelayLimits::default(),
        }
    }
}

/// How much may come in per second; for a moment it may be twice as much. `None`: any amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// Requests per second.
    pub requests: Option<u32>,
    /// Bytes per second, after decompression.
    pub bytes: Option<u64>,
}

impl Quota {
    /// For each client, where strangers may send: 50 requests and 2 MiB per second.
    pub const KEYED: Self = Self {
        requests: Some(50),
        bytes: Some(2 * 1024 * 1024),
    };
}

/// Whether and how exactly a client's address becomes the resource attribute `client.address`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAddress {
    /// Not at all.
    #[default]
    Off,
    /// The network it is in: the first 24 bits of an IPv4 address, 48 of an IPv6 one.
    Network,
    /// As it is.
    Full,
}

/// What an item from a browser may hold. 0 in a setting means no bound, `None` here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayLimits {
    /// Attributes of a resource, scope, span, event, link or log record
    /// (`AETHER_TELEMETRY_RELAY_ATTRIBUTES`). Those beyond are dropped and counted in the item's
    /// `dropped_attributes_count`. Default: 128.
    pub attributes: Option<u32>,
    /// Characters of a text (`AETHER_TELEMETRY_RELAY_VALUE_LENGTH`). Default: 16384.
    pub value_length: Option<u32>,
    /// Different values of one attribute of one metric (`AETHER_TELEMETRY_RELAY_METRIC_VALUES`).
    /// Data points with further ones go into one series with `otel.metric.overflow`. Default: 500.
    pub metric_values: Option<u32>,
}

impl Default for RelayLimits {
    fn default() -> Self {
        Self {
            attributes: Some(128),
            value_length: Some(16_384),
            metric_values: Some(500),
        }
    }
}
