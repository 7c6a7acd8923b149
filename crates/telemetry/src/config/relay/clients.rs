//! Who may send from other origins: named clients and their keys.
//!
//! A key stands in a page that everybody can read, so it proves nothing. It says which client a
//! request belongs to, and is a handle to bound, to route and to shut out by.

use std::collections::BTreeMap;
use std::fmt;

use super::super::parse;
use super::super::reader::Reader;
use super::OriginPattern;

const KEYS: &str = "AETHER_TELEMETRY_RELAY_KEYS";
const ORIGINS: &str = "AETHER_TELEMETRY_RELAY_KEY_ORIGINS";

/// Fewest and most characters of a key.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 8..=128;

/// More clients than this are a mistake: each key is compared with each request's.
const MAX_KEYS: usize = 256;

/// A client of the relay that has keys.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayClient {
    /// Its name: the attribute `aether.client` of what it sends.
    pub name: String,
    /// Keys, any of which is good: two while one replaces the other.
    pub keys: Vec<String>,
    /// Origins from which its keys are good; empty: those of [`RelaySettings::origins`].
    ///
    /// [`RelaySettings::origins`]: super::RelaySettings::origins
    pub origins: Vec<OriginPattern>,
}

impl fmt::Debug for RelayClient {
    /// Without the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayClient")
            .field("name", &self.name)
            .field("keys", &self.keys.len())
            .field("origins", &self.origins)
            .finish()
    }
}

/// Reads `name=key key,name=key` and the origins of those names. What stands in several places is
/// taken together; of the same name, the place that wins.
pub(super) fn read(reader: &mut Reader<'_>) -> Vec<RelayClient> {
    let mut clients: BTreeMap<String, RelayClient> = BTreeMap::new();
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for found in reader.all(KEYS).into_iter().rev() {
        let read = parse::pairs(&found.text).and_then(|pairs| {
            let clients = pairs.into_iter().map(|(name, keys)| client(name, &keys));
            clients.collect::<Result<Vec<_>, _>>()
        });
        match read {
            Ok(read) => clients.extend(read.into_iter().map(|one| (one.name.clone(), one))),
            Err(remedy) => reader.problem(&found, "****".to_owned(), remedy),
        }
    }
    let mut remedy = None;
    for client in clients.values() {
        for key in &client.keys {
            if let Some(other) = owners.insert(key.clone(), client.name.clone()) {
                remedy = Some(format!("{other} and {} have the same key", client.name));
            }
        }
    }
    if owners.len() > MAX_KEYS {
        remedy = Some(format!("there may be {MAX_KEYS} keys at most"));
    }
    if let (Some(remedy), Some(found)) = (remedy, reader.find(KEYS)) {
        reader.problem(&found, "****".to_owned(), remedy);
    }
    origins(reader, &mut clients);
    clients.into_values().collect()
}

fn client(name: String, keys: &str) -> Result<RelayClient, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if name.len() > 64 || !name.bytes().all(plain) {
        return Err("expected names of up to 64 letters, digits and -._~".to_owned());
    }
    let keys: Vec<String> = keys.split_whitespace().map(str::to_owned).collect();
    let good = |key: &String| KEY_LENGTH.contains(&key.len()) && key.bytes().all(plain);
    if keys.is_empty() || !keys.iter().all(good) {
        return Err(format!(
            "{name}: expected a key of 8 to 128 letters, digits and -._~, or several separated by spaces"
        ));
    }
    Ok(RelayClient {
        name,
        keys,
        origins: Vec::new(),
    })
}

fn origins(reader: &mut Reader<'_>, clients: &mut BTreeMap<String, RelayClient>) {
    for found in reader.all(ORIGINS).into_iter().rev() {
        let read = parse::pairs(&found.text).and_then(|pairs| {
            for (name, list) in pairs {
                let patterns = list.split_whitespace().map(OriginPattern::parse);
                let patterns = patterns.collect::<Result<Vec<_>, _>>()?;
                let client = clients
                    .get_mut(&name)
                    .ok_or_else(|| format!("{KEYS} has no key for {name}"))?;
                client.origins = patterns;
            }
            Ok(())
        });
        if let Err(remedy) = read {
            reader.problem(&found, super::super::reader::shortened(&found.text), remedy);
        }
    }
}
