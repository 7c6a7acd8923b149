//! The settings of the relay for browsers.

use super::{Kind, Setting, plain};

/// Who may send, how much, and what becomes of it.
pub(super) const ALL: &[Setting] = &[
    plain(
        "AETHER_TELEMETRY_RELAY_ORIGINS",
        "relay.origins",
        "Origins whose pages may send, besides the server's own: https://shop.example, https://*.shop.example, http://localhost:*, or * for all",
        "none",
    )
    .method("relay_origins")
    .of(Kind::List),
    plain(
        "AETHER_TELEMETRY_RELAY_CREDENTIALS",
        "relay.credentials",
        "true: pages of other origins may send with their cookies (needed for navigator.sendBeacon); not together with *",
        "false",
    ),
    plain(
        "AETHER_TELEMETRY_RELAY_KEYS",
        "relay.keys",
        "Keys of clients: name=key,name=key, several keys of one client separated by spaces. Where there are any, pages have to send one. Secret",
        "none",
    )
    .method("relay_key")
    .of(Kind::Pairs)
    .secret(),
    plain(
        "AETHER_TELEMETRY_RELAY_KEY_ORIGINS",
        "relay.key_origins",
        "Origins from which a client's keys are good: name=origin,name=origin, several separated by spaces",
        "as AETHER_TELEMETRY_RELAY_ORIGINS",
    )
    .of(Kind::Pairs),
    plain(
        "AETHER_TELEMETRY_RELAY_CLIENT_REQUESTS",
        "relay.client_requests",
        "Most requests per second from one client, 0 for any number; twice as many for a moment",
        "50 where there are keys, else any",
    ),
    plain(
        "AETHER_TELEMETRY_RELAY_CLIENT_BYTES",
        "relay.client_bytes",
        "Most bytes per second from one client, after decompression, 0 for any number; twice as many for a moment",
        "2097152 where there are keys, else any",
    ),
    plain(
        "AETHER_TELEMETRY_RELAY_REQUESTS",
        "relay.requests",
        "Most requests per second from all clients together, 0 for any number",
        "any",
    ),
    plain(
        "AETHER_TELEMETRY_RELAY_BYTES",
        "relay.bytes",
        "Most bytes per second from all clients together, 0 for any number",
        "any",
    ),
    plain(
        "AETHER_TELEMETRY_RELAY_CLIENT_ADDRESS",
        "relay.client_address",
        "Whether a client's address becomes the attribute client.address: off, network (its first 24 bits, or 48 of IPv6) or full",
        "off",
    ),
    plain(
        "AETHER_TELEMETRY_RELAY_TRUSTED_PROXIES",
        "relay.trusted_proxies",
        "Addresses and networks of proxies that are believed about whose request it is: 127.0.0.1, 10.0.0.0/8",
        "none",
    )
    .of(Kind::List),
    plain(
        "AETHER_TELEMETRY_RELAY_FORWARDED_HEADER",
        "relay.forwarded_header",
        "The header in which they say it: x-forwarded-for, forwarded, or one with a single address such as cf-connecting-ip",
        "x-forwarded-for",
    ),
    plain(
        "AETHER_TELEMETRY_RELAY_USER_AGENT",
        "relay.user_agent",
        "true: the browser's User-Agent becomes the attribute user_agent.original of spans and logs that have none",
        "true",
    ),
    plain(
        "AETHER_TELEMETRY_RELAY_MAX_SKEW",
        "relay.max_skew_ms",
        "A client's clock that is off by more is corrected by the server's, in milliseconds, 0 for never",
        "10000",
    ),
    plain(
        "AETHER_TELEMETRY_RELAY_SCRUB_DEFAULTS",
        "relay.scrub.defaults",
        "false: the obvious secrets (passwords, tokens, cookies, keys) are not masked",
        "true",
    ),
    plain(
        "AETHER_TELEMETRY_RELAY_SCRUB_DELETE",
        "relay.scrub.delete",
        "Attributes to delete, by key: user.email, *.phone",
        "none",
    )
    .of(Kind::List),
    plain(
        "AETHER_TELEMETRY_RELAY_SCRUB_MASK",
        "relay.scrub.mask",
        "Attributes whose value becomes ****, by key, besides the obvious ones",
        "none",
    )
    .of(Kind::List),
    plain(
        "AETHER_TELEMETRY_RELAY_SCRUB_HASH",
        "relay.scrub.hash",
        "Attributes whose value becomes a hash, by key: equal values stay equal; AETHER_TELEMETRY_HASH_KEY is the key of the hash",
        "none",
    )
    .of(Kind::List),
    plain(
        "AETHER_TELEMETRY_RELAY_SCRUB_VALUES",
        "relay.scrub.values",
        "Regular expressions of texts to mask, wherever they stand: name=pattern,name=pattern, commas as %2C; of a pattern with a group (?<secret>…) only that group",
        "none",
    )
    .of(Kind::Pairs),
    plain(
        "AETHER_TELEMETRY_RELAY_ATTRIBUTES",
        "relay.limits.attributes",
        "Most attributes of an item from a page, 0 for any number; more are dropped and counted",
        "128",
    ),
    plain(
        "AETHER_TELEMETRY_RELAY_VALUE_LENGTH",
        "relay.limits.value_length",
        "Longest text from a page, in characters, 0 for any; the rest is cut off",
        "16384",
    ),
    plain(
        "AETHER_TELEMETRY_RELAY_METRIC_VALUES",
        "relay.limits.metric_values",
        "Most different values of one attribute of a metric, 0 for any number; data points with more go into one series, otel.metric.overflow",
        "500",
    ),
];
