//! What settings say about the relay, made ready. Other settings take their place while everything
//! runs; a request ends under the terms under which it began.

use std::net::IpAddr;
use std::sync::Arc;

use http::header;
use http::request::Parts;

use super::address::{self, Addresses};
use super::body::Room;
use super::door::{Caller, Door};
use super::quota::Quotas;
use super::treat::{MAX_USER_AGENT, Stamp, Treatment};
use super::{ARRIVING_FACTOR, clock};
use crate::Config;
use crate::config::{HashKey, RelaySettings};

/// Who may send, how much, and what becomes of it.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(super) settings: RelaySettings,
    pub(super) max_bytes: usize,
    hash_key: Option<HashKey>,
    pub(super) room: Arc<Room>,
    pub(super) door: Door,
    pub(super) addresses: Addresses,
    pub(super) quotas: Arc<Quotas>,
    pub(super) treatment: Treatment,
}

impl Terms {
    /// # Errors
    /// A sentence, where the settings cannot be used.
    pub(super) fn new(config: &Config) -> Result<Self, String> {
        let settings = &config.relay;
        let hash_key = config.hash_key.clone();
        Ok(Self {
            settings: settings.clone(),
            max_bytes: config.max_request_bytes,
            room: Arc::new(Room::new(
                config.max_request_bytes.saturating_mul(ARRIVING_FACTOR),
            )),
            door: Door::new(settings),
            addresses: Addresses::new(settings),
            quotas: Arc::new(Quotas::new(settings)),
            treatment: Treatment::new(settings, hash_key.as_ref().map(HashKey::bytes))?,
            hash_key,
        })
    }

    /// The terms of other settings. What stays the same goes on where it was: how much everybody has
    /// sent, and which series there are.
    ///
    /// # Errors
    /// As [`Terms::new`].
    pub(super) fn changed(&self, config: &Config) -> Result<Self, String> {
        let mut terms = Self::new(config)?;
        let quotas = |settings: &RelaySettings| (settings.client_quota, settings.total_quota);
        if quotas(&terms.settings) == quotas(&self.settings) {
            terms.quotas = Arc::clone(&self.quotas);
        }
        if terms.max_bytes == self.max_bytes {
            terms.room = Arc::clone(&self.room);
        }
        terms.treatment.go_on_from(&self.treatment);
        Ok(terms)
    }

    /// Whether a configuration says the same.
    pub(super) fn are_of(&self, config: &Config) -> bool {
        self.settings == config.relay
            && self.max_bytes == config.max_request_bytes
            && self.hash_key == config.hash_key
    }

    /// What is known about the sender.
    pub(super) fn stamp(&self, parts: &Parts, address: Option<IpAddr>) -> Stamp {
        let caller = parts.extensions.get::<Caller>();
        let user_agent = parts.headers.get(header::USER_AGENT);
        let user_agent = user_agent.and_then(|value| value.to_str().ok());
        let user_agent =
            user_agent.filter(|text| self.settings.user_agent && text.len() <= MAX_USER_AGENT);
        Stamp {
            client: caller.and_then(|caller| caller.client.clone()),
            address: address
                .and_then(|address| address::shown(address, self.settings.client_address)),
            user_agent: user_agent.map(str::to_owned),
            sent_at: clock::sent_at(parts),
            received: clock::now(),
        }
    }
}
