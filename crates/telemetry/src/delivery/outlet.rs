//! A destination with its queue, and how it is doing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::circuit::Breaker;
use super::now_ms;
use super::pace::Pace;
use super::queue::Queue;
use super::transport::{Clients, Transport};
use crate::Circuit;
use crate::Signal;
use crate::config::{Destination, Flow, Retry};

/// A destination with its queue and how it is doing.
#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) name: Arc<str>,
    pub(crate) queue: Queue,
    pub(super) way: Way,
    /// Its own way of repeating, where it has one.
    pub(super) retry: Option<Retry>,
    pub(super) flow: Flow,
    pub(super) pace: Pace,
    pub(super) breaker: Breaker,
    health: Mutex<Health>,
}

/// How a destination is reached.
#[derive(Debug)]
pub(super) enum Way {
    Network(BTreeMap<Signal, Transport>),
    /// Standard output, for these signals.
    Console(BTreeSet<Signal>),
}

/// How a destination is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Health {
    /// Attempts that failed since the last success.
    pub failures: u32,
    /// The last failure and what to do about it; stays after later successes.
    pub last_error: Option<String>,
    /// When the last request succeeded, milliseconds since 1970.
    pub last_success_ms: Option<u64>,
}

impl Outlet {
    /// Makes every endpoint of a destination ready.
    ///
    /// # Errors
    /// A sentence saying why an endpoint has no client.
    pub(crate) fn new(
        destination: &Destination,
        queue: Queue,
        clients: &mut Clients,
    ) -> Result<Self, String> {
        let mut transports = BTreeMap::new();
        for (signal, endpoint) in &destination.endpoints {
            transports.insert(*signal, Transport::new(endpoint, *signal, clients)?);
        }
        Ok(Self {
            name: Arc::from(destination.name.as_str()),
            queue,
            way: Way::Network(transports),
            retry: destination.retry,
            flow: destination.flow,
            pace: Pace::new(&destination.flow),
            breaker: Breaker::default(),
            health: Mutex::default(),
        })
    }

    /// Prints these signals.
    pub(crate) fn console(signals: BTreeSet<Signal>, queue_bytes: usize) -> Self {
        Self {
            name: Arc::from("console"),
            queue: Queue::new(queue_bytes),
            way: Way::Console(signals),
            retry: None,
            // Lines come in the order of what they are about.
            flow: Flow {
                concurrency: 1,
                ..Flow::default()
            },
            pace: Pace::new(&Flow::default()),
            breaker: Breaker::default(),
            health: Mutex::default(),
        }
    }

    pub(crate) fn takes(&self, signal: Signal) -> bool {
        match &self.way {
            Way::Network(transports) => transports.contains_key(&signal),
            Way::Console(signals) => signals.contains(&signal),
        }
    }

    pub(crate) fn signals(&self) -> Vec<Signal> {
        let all = Signal::ALL.into_iter();
        all.filter(|signal| self.takes(*signal)).collect()
    }

    pub(crate) fn circuit(&self) -> Circuit {
        self.breaker.shown()
    }

    pub(crate) fn health(&self) -> Health {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn succeeded(&self) {
        let mut health = self.lock();
        if health.failures > 0 {
            tracing::info!(destination = %self.name, "telemetry is delivered again");
        }
        health.failures = 0;
        health.last_success_ms = Some(now_ms());
    }

    /// Logs the first failure of a row only: one line per outage.
    pub(super) fn failed(&self, error: String) {
        let mut health = self.lock();
        health.failures = health.failures.saturating_add(1);
        if health.failures == 1 {
            tracing::warn!(destination = %self.name, "telemetry is not delivered: {error}");
        }
        health.last_error = Some(error);
    }
}
