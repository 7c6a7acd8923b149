//! A destination with its queue, and how it is doing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;

use super::circuit::Breaker;
use super::meter::Meter;
use super::now_ms;
use super::orders::Orders;
use super::pace::Pace;
use super::queue::{LARGEST_GROUP, Queue};
use super::transport::{Clients, Transport};
use crate::Circuit;
use crate::Signal;
use crate::config::{Destination, Flow, Retry};

/// Batches that come this soon after others were sent wait until it is over, to go together: a page
/// shows them that much later. As long as batch processors elsewhere wait.
const PAUSE: Duration = Duration::from_millis(200);

/// A destination with its queue and how it is doing.
#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) name: Arc<str>,
    /// Goes over to the outlet that takes this one's place when its settings change.
    pub(crate) queue: Arc<Queue>,
    pub(super) way: Way,
    /// Its own way of repeating, where it has one.
    pub(super) retry: Option<Retry>,
    pub(super) flow: Flow,
    pub(super) pace: Pace,
    pub(super) breaker: Breaker,
    /// Goes over like the queue.
    pub(super) meter: Arc<Meter>,
    /// What its senders are told.
    pub(super) orders: watch::Sender<Orders>,
    /// What it was made of; `None` for standard output.
    pub(super) made_of: Option<Destination>,
    /// Whether it takes nothing new.
    draining: AtomicBool,
    /// Bytes up to which it may take batches together: less than were too many once.
    room: AtomicUsize,
    health: Mutex<Health>,
}

/// How a destination is reached.
#[derive(Debug)]
pub(super) enum Way {
    Network(BTreeMap<Signal, Transport>),
    /// Standard output, for these signals.
    Console(BTreeSet<Signal>),
}

/// What a destination was told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DestinationState {
    /// It takes and is sent to.
    #[default]
    Active,
    /// It takes, and nothing is sent to it.
    Paused,
    /// It takes nothing new; what waits is sent, and then it is gone.
    Draining,
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
        queue: Arc<Queue>,
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
            meter: Arc::default(),
            orders: watch::Sender::default(),
            made_of: Some(destination.clone()),
            draining: AtomicBool::new(false),
            room: AtomicUsize::new(LARGEST_GROUP),
            health: Mutex::default(),
        })
    }

    /// Prints these signals.
    pub(crate) fn console(signals: BTreeSet<Signal>, queue_bytes: usize) -> Self {
        Self {
            name: Arc::from("console"),
            queue: Arc::new(Queue::new(queue_bytes)),
            way: Way::Console(signals),
            retry: None,
            // Lines come in the order of what they are about.
            flow: Flow {
                concurrency: 1,
                ..Flow::default()
            },
            pace: Pace::new(&Flow::default()),
            breaker: Breaker::default(),
            meter: Arc::default(),
            orders: watch::Sender::default(),
            made_of: None,
            draining: AtomicBool::new(false),
            room: AtomicUsize::new(LARGEST_GROUP),
            health: Mutex::default(),
        }
    }

    /// Up to how many bytes batches go in one request, and how long they wait for that when some
    /// have gone just before.
    pub(super) fn together(&self) -> (usize, Duration) {
        if matches!(self.way, Way::Console(_)) {
            return (0, Duration::ZERO);
        }
        let room = self.room.load(Ordering::Relaxed);
        let largest = self.flow.max_request_bytes.unwrap_or(room);
        // More than a second's worth would make those behind it wait.
        let second = self.flow.bytes_per_second.unwrap_or(f64::MAX);
        (room.min(largest).min(second as usize), PAUSE)
    }

    /// So many bytes were too many, though no batch alone was.
    pub(super) fn refused_together(&self, bytes: usize) {
        self.room.fetch_min(bytes / 2, Ordering::Relaxed);
    }

    /// Whether new telemetry of a kind goes there.
    pub(crate) fn takes(&self, signal: Signal) -> bool {
        !self.draining.load(Ordering::Relaxed) && self.has(signal)
    }

    fn has(&self, signal: Signal) -> bool {
        match &self.way {
            Way::Network(transports) => transports.contains_key(&signal),
            Way::Console(signals) => signals.contains(&signal),
        }
    }

    pub(crate) fn signals(&self) -> Vec<Signal> {
        let all = Signal::ALL.into_iter();
        all.filter(|signal| self.has(*signal)).collect()
    }

    /// What it was told to do.
    pub(crate) fn state(&self) -> DestinationState {
        if self.draining.load(Ordering::Relaxed) {
            DestinationState::Draining
        } else if *self.orders.borrow() == Orders::Pause {
            DestinationState::Paused
        } else {
            DestinationState::Active
        }
    }

    /// Tells it what to do; one that ends stays so.
    pub(super) fn set(&self, state: DestinationState) {
        let draining = state == DestinationState::Draining;
        self.draining.store(draining, Ordering::Relaxed);
        let orders = match state {
            DestinationState::Paused => Orders::Pause,
            DestinationState::Active | DestinationState::Draining => Orders::Send,
        };
        self.orders.send_if_modified(|now| {
            let differs = matches!(now, Orders::Send | Orders::Pause) && *now != orders;
            if differs {
                *now = orders;
            }
            differs
        });
    }

    /// The end of the process is near: what is paused stays so.
    pub(super) fn end(&self) {
        self.orders.send_modify(|now| {
            *now = match now {
                Orders::Send | Orders::End => Orders::End,
                Orders::Pause | Orders::Leave => Orders::Leave,
            };
        });
    }

    /// Its senders end; what waits is for others.
    pub(super) fn leave(&self) {
        self.orders.send_replace(Orders::Leave);
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
