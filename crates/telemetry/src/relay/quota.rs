//! How much each client and all of them may send: two buckets of tokens each, one for requests and
//! one for bytes.
//!
//! A bucket is filled at the rate of its quota and holds twice that. Whoever finds something in it
//! may take more than there is and leaves a debt, so a request needs not be known in size before it
//! is let in, and the largest one always fits. Times come from the caller: nothing in here waits.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::{Quota, RelaySettings};

/// Clients that are remembered. Beyond that, those who are new share one pair of buckets.
const MAX_CLIENTS: usize = 16 * 1024;

/// A table that is full is searched for clients to forget so often at most.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// A client, for quotas: its name where it has one, and where it is.
pub(super) type Id = (Option<Arc<str>>, Option<IpAddr>);

/// The bounds of the relay.
#[derive(Debug)]
pub(super) struct Quotas {
    each: Quota,
    all: Quota,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    clients: HashMap<Id, Buckets>,
    /// Shared by those who do not fit into the table.
    others: Buckets,
    all: Buckets,
    swept: Option<Instant>,
}

/// What ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exceeded {
    Client(Duration),
    Total(Duration),
}

impl Quotas {
    pub(super) fn new(settings: &RelaySettings) -> Self {
        Self {
            each: settings.client_quota,
            all: settings.total_quota,
            state: Mutex::new(State {
                clients: HashMap::new(),
                others: Buckets::default(),
                all: Buckets::default(),
                swept: None,
            }),
        }
    }

    /// Lets one request in, or says when to come back.
    pub(super) fn enter(&self, client: &Id, now: Instant) -> Result<(), Exceeded> {
        self.take(client, 1.0, 0.0, now, true)
    }

    /// Charges what a request came to.
    pub(super) fn charge(&self, client: &Id, bytes: usize, now: Instant) {
        // Never refused, because it has been read already.
        let _ = self.take(client, 0.0, bytes as f64, now, false);
    }

    fn take(
        &self,
        client: &Id,
        requests: f64,
        bytes: f64,
        now: Instant,
        ask: bool,
    ) -> Result<(), Exceeded> {
        let none = Quota::default();
        if self.each == none && self.all == none {
            return Ok(());
        }
        let mut state = self.lock();
        let State { all, .. } = &mut *state;
        all.refill(&self.all, now);
        if ask && let Some(wait) = all.wait(&self.all) {
            return Err(Exceeded::Total(wait));
        }
        if self.each != none {
            let own = state.buckets(client, &self.each, now);
            own.refill(&self.each, now);
            if ask && let Some(wait) = own.wait(&self.each) {
                return Err(Exceeded::Client(wait));
            }
            own.take(requests, bytes);
        }
        state.all.take(requests, bytes);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The buckets of a client, which come into being with its first request.
    fn buckets(&mut self, client: &Id, quota: &Quota, now: Instant) -> &mut Buckets {
        if !self.clients.contains_key(client) {
            if self.clients.len() >= MAX_CLIENTS {
                self.sweep(quota, now);
            }
            if self.clients.len() >= MAX_CLIENTS {
                return &mut self.others;
            }
        }
        self.clients.entry(client.clone()).or_default()
    }

    /// Forgets those whose buckets are full again: it makes no difference.
    fn sweep(&mut self, quota: &Quota, now: Instant) {
        let lately = |swept: Instant| now.saturating_duration_since(swept) < SWEEP_EVERY;
        if self.swept.is_some_and(lately) {
            return;
        }
        self.swept = Some(now);
        self.clients.retain(|_, buckets| {
            buckets.refill(quota, now);
            !buckets.are_full(quota)
        });
    }
}

/// What a client may take now. Below zero: what it has to wait for.
#[derive(Debug, Default)]
struct Buckets {
    requests: f64,
    bytes: f64,
    /// `None`: never used, and full.
    filled: Option<Instant>,
}

impl Buckets {
    fn refill(&mut self, quota: &Quota, now: Instant) {
        let (requests, bytes) = rates(quota);
        match self.filled {
            None => (self.requests, self.bytes) = (2.0 * requests, 2.0 * bytes),
            Some(before) => {
                let seconds = now.saturating_duration_since(before).as_secs_f64();
                self.requests = (self.requests + seconds * requests).min(2.0 * requests);
                self.bytes = (self.bytes + seconds * bytes).min(2.0 * bytes);
            }
        }
        // A request may have read the clock before one that came first.
        self.filled = self.filled.max(Some(now));
    }

    /// How long to wait, where one bucket is empty.
    fn wait(&self, quota: &Quota) -> Option<Duration> {
        let (requests, bytes) = rates(quota);
        // A whole request; and of bytes, anything.
        let requests = missing(quota.requests.is_some(), 1.0 - self.requests, requests);
        let bytes = missing(quota.bytes.is_some(), 1.0 - self.bytes, bytes);
        requests.max(bytes)
    }

    fn take(&mut self, requests: f64, bytes: f64) {
        self.requests -= requests;
        self.bytes -= bytes;
    }

    fn are_full(&self, quota: &Quota) -> bool {
        let (requests, bytes) = rates(quota);
        let full = |limited: bool, level: f64, rate: f64| !limited || level >= 2.0 * rate;
        full(quota.requests.is_some(), self.requests, requests)
            && full(quota.bytes.is_some(), self.bytes, bytes)
    }
}

fn missing(limited: bool, missing: f64, rate: f64) -> Option<Duration> {
    let short = limited && missing > 0.0;
    // Rates are at least 1. A debt of a request is no more than its size, so the wait is finite.
    short.then(|| Duration::try_from_secs_f64(missing / rate).unwrap_or(Duration::MAX))
}

/// Tokens per second, 0 where there is no bound.
fn rates(quota: &Quota) -> (f64, f64) {
    let requests = quota.requests.map_or(0.0, f64::from);
    let bytes = quota.bytes.map_or(0.0, |bytes| bytes as f64);
    (requests, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotas(each: (u32, u64), all: (u32, u64)) -> Quotas {
        let quota = |(requests, bytes): (u32, u64)| Quota {
            requests: (requests > 0).then_some(requests),
            bytes: (bytes > 0).then_some(bytes),
        };
        Quotas::new(&RelaySettings {
            client_quota: quota(each),
            total_quota: quota(all),
            ..RelaySettings::default()
        })
    }

    fn at(last: u32) -> Id {
        (None, Some(IpAddr::from(last.to_be_bytes())))
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn requests_are_let_in_at_their_rate() {
        let (quotas, start) = (quotas((10, 0), (0, 0)), Instant::now());
        for _ in 0..20 {
            assert_eq!(quotas.enter(&at(1), start), Ok(()));
        }
        let Err(Exceeded::Client(wait)) = quotas.enter(&at(1), start) else {
            panic!("20 at once are twice the rate");
        };
        assert_eq!(wait, seconds(0.1));
        assert_eq!(quotas.enter(&at(2), start), Ok(()), "another client");
        assert_eq!(quotas.enter(&at(1), start + wait), Ok(()));
        assert!(quotas.enter(&at(1), start + wait).is_err());
        // No more than two seconds' worth is kept.
        let later = start + Duration::from_secs(3600);
        let taken = (0..100).filter(|_| quotas.enter(&at(1), later).is_ok());
        assert_eq!(taken.count(), 20);
    }

    #[test]
    fn a_large_request_is_let_in_and_paid_for_afterwards() {
        let (quotas, start) = (quotas((0, 1000), (0, 0)), Instant::now());
        assert_eq!(quotas.enter(&at(1), start), Ok(()));
        quotas.charge(&at(1), 12_000, start);
        let wait = quotas.enter(&at(1), start);
        assert_eq!(wait, Err(Exceeded::Client(seconds(10.001))));
        let after = start + seconds(10.01);
        assert_eq!(quotas.enter(&at(1), after), Ok(()));
    }

    #[test]
    fn all_together_have_their_own_bound() {
        let (quotas, start) = (quotas((0, 0), (5, 0)), Instant::now());
        let taken = (0..100).filter(|&n| quotas.enter(&at(n), start).is_ok());
        assert_eq!(taken.count(), 10);
        let refused = quotas.enter(&at(101), start);
        assert_eq!(refused, Err(Exceeded::Total(seconds(0.2))));
    }

    #[test]
    fn many_clients_take_bounded_memory_and_idle_ones_are_forgotten() {
        let (quotas, start) = (quotas((1, 0), (0, 0)), Instant::now());
        let fits = u32::try_from(MAX_CLIENTS).unwrap();
        for client in 0..fits {
            assert_eq!(quotas.enter(&at(client), start), Ok(()));
        }
        // The others share one bucket of two.
        let others = fits..fits + 1000;
        let taken = others.filter(|&n| quotas.enter(&at(n), start).is_ok());
        assert_eq!(taken.count(), 2);
        assert_eq!(quotas.lock().clients.len(), MAX_CLIENTS);
        // Two seconds later everybody's bucket is full again.
        let later = start + Duration::from_secs(2);
        assert_eq!(quotas.enter(&at(fits), later), Ok(()));
        assert_eq!(quotas.lock().clients.len(), 1);
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing() {
        let (quotas, start) = (quotas((1, 0), (0, 0)), Instant::now());
        let later = start + Duration::from_secs(10);
        assert_eq!(quotas.enter(&at(1), later), Ok(()));
        assert_eq!(quotas.enter(&at(1), start), Ok(()));
        assert!(quotas.enter(&at(1), later).is_err());
    }
}
