//! Ingest keys: which client a request belongs to.

use std::sync::Arc;

use http::request::Parts;
use subtle::{Choice, ConstantTimeEq};

use crate::config::{OriginPattern, RelayClient};

/// The header that carries a key.
pub(super) const HEADER: &str = "x-aether-key";

/// The query parameter that may carry it instead: `navigator.sendBeacon` cannot set headers. A key
/// stands in every page that uses it, so an address is no worse a place.
const PARAMETER: &str = "key";

/// A client and its keys.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) name: Arc<str>,
    keys: Vec<Key>,
    pub(super) origins: Vec<OriginPattern>,
}

/// Not shown by `Debug`.
struct Key(String);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("****")
    }
}

impl Client {
    pub(super) fn new(client: &RelayClient) -> Self {
        Self {
            name: Arc::from(client.name.as_str()),
            keys: client.keys.iter().cloned().map(Key).collect(),
            origins: client.origins.clone(),
        }
    }
}

/// The key that a request carries. Several different ones are none of them.
pub(super) fn presented(parts: &Parts) -> Option<&str> {
    let mut headers = parts.headers.get_all(HEADER).iter();
    if let Some(value) = headers.next() {
        return match headers.next() {
            None => value.to_str().ok(),
            // Some key was given, and it is not good.
            Some(_) => Some(""),
        };
    }
    parameter(parts, PARAMETER)
}

/// A parameter of the query. What it may hold here needs no decoding.
pub(super) fn parameter<'p>(parts: &'p Parts, name: &str) -> Option<&'p str> {
    let query = parts.uri.query().unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name);
    values.next().map(|(_, value)| value)
}

/// The client that has the key. Every key is compared, and each in a time that does not depend on
/// where it differs.
pub(super) fn find<'c>(clients: &'c [Client], presented: &str) -> Option<&'c Client> {
    let mut found = None;
    for client in clients {
        let mut good = Choice::from(0);
        for key in &client.keys {
            good |= key.0.as_bytes().ct_eq(presented.as_bytes());
        }
        if bool::from(good) {
            found = Some(client);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients() -> Vec<Client> {
        let client = |name: &str, keys: &[&str]| {
            Client::new(&RelayClient {
                name: name.to_owned(),
                keys: keys.iter().map(|&key| key.to_owned()).collect(),
                origins: Vec::new(),
            })
        };
        vec![
            client("shop", &["pk_new_one", "pk_old_one"]),
            client("blog", &["pk_blog_1"]),
        ]
    }

    #[test]
    fn old_and_new_keys_name_the_same_client() {
        for (key, name) in [
            ("pk_new_one", Some("shop")),
            ("pk_old_one", Some("shop")),
            ("pk_blog_1", Some("blog")),
            ("pk_new_on", None),
            ("pk_new_onee", None),
            ("PK_NEW_ONE", None),
            ("", None),
        ] {
            let clients = clients();
            let found = find(&clients, key).map(|client| &*client.name);
            assert_eq!(found, name, "{key}");
        }
    }

    #[test]
    fn where_a_key_stands() {
        for (uri, headers, key) in [
            ("/v1/traces", &["pk_1"][..], Some("pk_1")),
            ("/v1/traces?key=pk_1", &[], Some("pk_1")),
            ("/v1/traces?a=b&key=pk_1&key=pk_2", &[], Some("pk_1")),
            ("/v1/traces?key=pk_1", &["pk_2"], Some("pk_2")),
            ("/v1/traces", &["pk_1", "pk_2"], Some("")),
            ("/v1/traces?key", &[], None),
            ("/v1/traces", &[], None),
        ] {
            let mut request = http::Request::post(uri);
            for header in headers {
                request = request.header(HEADER, *header);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(presented(&parts), key, "{uri} {headers:?}");
        }
        assert!(!format!("{:?}", clients()).contains("pk_"));
    }
}
