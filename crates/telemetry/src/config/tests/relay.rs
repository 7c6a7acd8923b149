//! The relay's settings: what they mean, and what is no such thing.

use std::time::Duration;

use super::{problem, read};
use crate::config::{ClientAddress, Quota, RelaySettings};

fn relay(variables: &[(&str, &str)]) -> RelaySettings {
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (format!("AETHER_TELEMETRY_RELAY_{name}"), *value))
        .collect();
    let variables: Vec<_> = variables.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    read(&variables).unwrap().relay
}

#[test]
fn nothing_said_is_nothing_asked_for() {
    assert_eq!(relay(&[]), RelaySettings::default());
    assert_eq!(relay(&[]).client_quota, Quota::default());
}

#[test]
fn clients_have_keys_and_origins() {
    let relay = relay(&[
        ("KEYS", "shop=pk_shop_1 pk_shop_2,agent=pk_agent_1"),
        (
            "KEY_ORIGINS",
            "shop=https://shop.example http://localhost:*",
        ),
        ("CLIENT_BYTES", "0"),
        ("REQUESTS", "1000"),
    ]);
    let names: Vec<_> = relay.clients.iter().map(|client| &*client.name).collect();
    assert_eq!(names, ["agent", "shop"]);
    assert_eq!(relay.clients[1].keys, ["pk_shop_1", "pk_shop_2"]);
    let origins: Vec<_> = relay.clients[1]
        .origins
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(origins, ["https://shop.example:443", "http://localhost:*"]);
    // Strangers have a bound where nothing else is said.
    assert_eq!(relay.client_quota.requests, Quota::KEYED.requests);
    assert_eq!(relay.client_quota.bytes, None);
    assert_eq!(relay.total_quota.requests, Some(1000));
    assert!(!format!("{relay:?}").contains("pk_"), "{relay:?}");
}

#[test]
fn zero_is_no_bound() {
    let relay = relay(&[
        ("ATTRIBUTES", "0"),
        ("VALUE_LENGTH", "0"),
        ("METRIC_VALUES", "0"),
        ("MAX_SKEW", "0"),
    ]);
    let limits = relay.limits;
    assert_eq!(limits.attributes.or(limits.value_length), None);
    assert_eq!((limits.metric_values, relay.max_skew), (None, None));
}

#[test]
fn the_other_settings() {
    let relay = relay(&[
        ("CLIENT_ADDRESS", "Network"),
        ("TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8"),
        ("FORWARDED_HEADER", "CF-Connecting-IP"),
        ("USER_AGENT", "false"),
        ("MAX_SKEW", "2500"),
        ("SCRUB_DEFAULTS", "false"),
        ("SCRUB_DELETE", "user.phone, *.iban"),
        ("SCRUB_VALUES", r"card=\d{13%2C19}"),
    ]);
    assert_eq!(relay.client_address, ClientAddress::Network);
    assert_eq!(relay.trusted_proxies.len(), 2);
    assert_eq!(relay.forwarded_header, "cf-connecting-ip");
    assert!(!relay.user_agent);
    assert_eq!(relay.max_skew, Some(Duration::from_millis(2500)));
    assert_eq!(relay.scrub.delete, ["user.phone", "*.iban"]);
    assert!(relay.scrub.mask.is_empty());
    let patterns: Vec<_> = relay.scrub.values.iter().map(|rule| rule.text()).collect();
    assert_eq!(patterns, [r"\d{13,19}"]);
}

#[test]
fn wrong_values_say_what_is_allowed_and_show_no_key() {
    for (name, value, told) in [
        ("ORIGINS", "shop.example", "https://*.shop.example"),
        ("KEYS", "shop", "key=value"),
        ("KEYS", "shop=hunter2", "8 to 128"),
        ("KEYS", "shop=hunter2/hunter2", "8 to 128"),
        ("KEYS", "a b=hunter2hunter2", "names of up to 64"),
        (
            "KEYS",
            "a=hunter2hunter2,b=hunter2hunter2",
            "have the same key",
        ),
        (
            "KEY_ORIGINS",
            "shop=https://shop.example",
            "no key for shop",
        ),
        ("CLIENT_ADDRESS", "yes", "`off`, `network` or `full`"),
        ("TRUSTED_PROXIES", "proxy.example", "10.0.0.0/8"),
        ("FORWARDED_HEADER", "x y", "name of an HTTP header"),
        ("SCRUB_MASK", "*", "every attribute"),
        ("SCRUB_VALUES", "card=(", "no regular expression"),
        ("CLIENT_REQUESTS", "-1", "whole number"),
    ] {
        let variable = format!("AETHER_TELEMETRY_RELAY_{name}");
        let found = problem(&[(variable.as_str(), value)]);
        assert!(found.contains(&variable) && found.contains(told), "{found}");
        assert!(!found.contains("hunter2"), "{found}");
    }
}
