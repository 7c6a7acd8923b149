//! Other destinations, rules and choices among traces, while everything runs.
//!
//! A change is made ready first, which may fail and changes nothing, and then takes place in one
//! step that cannot fail. Destinations whose settings stay the same are not touched. One whose
//! settings change gets other senders in front of the same queue; the old ones end what is under
//! way and give the rest back.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;

use super::outlet::{DestinationState, Outlet};
use super::placer::Layout;
use super::queue::{Level, Queue};
use super::routes::{Rules, STORE};
use super::transport::Clients;
use super::{Delivery, DryRun};
use crate::Signal;
use crate::config::{Config, Destination, Tail};

/// Rules know a destination by a bit; the last one is the store's.
const MAX_DESTINATIONS: usize = 31;

/// What [`Delivery::prepare`] made ready.
#[derive(Debug)]
pub(crate) struct Change {
    layout: Layout,
    states: BTreeMap<Arc<str>, DestinationState>,
    /// Whose senders have to begin.
    new: Vec<Arc<Outlet>>,
    /// Whose senders have to end, because others have their queues.
    replaced: Vec<Arc<Outlet>>,
    /// Which are not there any more.
    removed: Vec<Arc<Outlet>>,
    queue_bytes: BTreeMap<Arc<str>, usize>,
    tail: Option<Tail>,
}

impl Delivery {
    /// Makes the destinations, their states and the rules of a configuration ready.
    ///
    /// # Errors
    /// A sentence saying what cannot be had.
    pub(crate) fn prepare(&self, config: &Config) -> Result<Change, String> {
        let before = self.placer.layout();
        let mut clients = Clients::default();
        let mut change = Change {
            layout: Layout {
                outlets: Vec::new(),
                rules: rules(config, self.placer.store.is_some())?,
            },
            states: BTreeMap::new(),
            new: Vec::new(),
            replaced: Vec::new(),
            removed: Vec::new(),
            queue_bytes: BTreeMap::new(),
            tail: config.tail,
        };
        for destination in &config.destinations {
            let destination = complete(destination, config);
            let bytes = destination.queue_bytes.unwrap_or(config.queue_bytes);
            let known = before.named(&destination.name);
            let outlet = match known {
                Some(known) if same(known, &destination) => Arc::clone(known),
                Some(known) => {
                    let queue = Arc::clone(&known.queue);
                    let mut outlet = Outlet::new(&destination, queue, &mut clients)?;
                    outlet.meter = Arc::clone(&known.meter);
                    let outlet = Arc::new(outlet);
                    change.replaced.push(Arc::clone(known));
                    change.new.push(Arc::clone(&outlet));
                    outlet
                }
                None => {
                    let queue = self.queue(&destination.name, bytes);
                    let outlet = Arc::new(Outlet::new(&destination, queue, &mut clients)?);
                    change.new.push(Arc::clone(&outlet));
                    outlet
                }
            };
            let name = Arc::clone(&outlet.name);
            change.queue_bytes.insert(name, bytes);
            change.layout.outlets.push(outlet);
        }
        for outlet in &before.outlets {
            if outlet.made_of.is_none() {
                change.layout.outlets.push(Arc::clone(outlet));
            } else if change.layout.named(&outlet.name).is_none() {
                change.removed.push(Arc::clone(outlet));
            }
        }
        for outlet in &change.layout.outlets {
            let state = state(config, &outlet.name);
            change.states.insert(Arc::clone(&outlet.name), state);
        }
        Ok(change)
    }

    /// Lets a change take place. What waits for destinations that are not there any more is dropped
    /// and counted where `discard` says so, and sent otherwise.
    pub(crate) fn commit(&self, change: Change, discard: bool) {
        let outlets = change.layout.outlets.clone();
        self.placer.replace(change.layout, || {
            for outlet in &change.removed {
                outlet.queue.close();
            }
            for outlet in &outlets {
                if let Some(state) = change.states.get(&outlet.name) {
                    outlet.set(*state);
                }
                if let Some(bytes) = change.queue_bytes.get(&outlet.name) {
                    outlet.queue.set_limit(*bytes);
                }
            }
            let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
            for outlet in &change.new {
                parked.remove(&outlet.name);
            }
        });
        self.tail.set(change.tail);
        for outlet in &change.replaced {
            outlet.leave();
        }
        for outlet in change.removed {
            if discard {
                outlet.leave();
                let (name, queue) = (Arc::clone(&outlet.name), Arc::clone(&outlet.queue));
                self.worker.discard(name, queue);
            } else {
                // What is paused is meant to wait, and it is empty but for what came just now.
                outlet.set(DestinationState::Active);
                self.worker.empty(outlet);
            }
        }
        let counts = self.placer.counters.snapshot();
        self.history.begin(&change.new, &counts);
        self.worker.begin(change.new);
    }

    /// The queue of a new destination: what an earlier run left for one of its name is in it.
    fn queue(&self, name: &str, bytes: usize) -> Arc<Queue> {
        let parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = parked.get(name) {
            return Arc::clone(queue);
        }
        Arc::new(match (&self.durable, &self.placer.journal) {
            (Some(durable), Some(journal)) => {
                Queue::durable(bytes, durable.max_age, journal.cursor(name))
            }
            _ => Queue::new(bytes),
        })
    }

    /// What waits for a destination; `None` where there is none of that name.
    pub(crate) fn level(&self, name: &str) -> Option<Level> {
        let layout = self.placer.layout();
        layout.named(name).map(|outlet| outlet.queue.level())
    }

    /// Where a request would go by the rules of another configuration; `None` where it is
    /// malformed.
    ///
    /// # Errors
    /// As [`Delivery::prepare`].
    pub(crate) fn dry_run_of(
        &self,
        config: &Config,
        signal: Signal,
        body: &Bytes,
    ) -> Result<Option<DryRun>, String> {
        let rules = rules(config, self.placer.store.is_some())?;
        Ok(rules.dry_run(signal, body).ok())
    }

    /// Whether there is a store in memory.
    pub(crate) fn has_store(&self) -> bool {
        self.placer.store.is_some()
    }
}

/// A destination with everything that holds for it said in it.
fn complete(destination: &Destination, config: &Config) -> Destination {
    Destination {
        queue_bytes: Some(destination.queue_bytes.unwrap_or(config.queue_bytes)),
        retry: Some(destination.retry.unwrap_or(config.retry)),
        ..destination.clone()
    }
}

/// Whether an outlet is as good for a destination as a new one. The bound of a queue can change.
fn same(outlet: &Outlet, destination: &Destination) -> bool {
    outlet.made_of.as_ref().is_some_and(|made_of| {
        let bound = Destination {
            queue_bytes: destination.queue_bytes,
            ..made_of.clone()
        };
        bound == *destination
    })
}

/// All destinations of a configuration but standard output; `queue` makes the queue of a name.
pub(super) fn outlets(
    config: &Config,
    queue: impl Fn(&str, usize) -> Arc<Queue>,
) -> Result<Vec<Arc<Outlet>>, String> {
    let mut clients = Clients::default();
    let outlets = config.destinations.iter().map(|destination| {
        let destination = complete(destination, config);
        let bytes = destination.queue_bytes.unwrap_or(config.queue_bytes);
        let queue = queue(&destination.name, bytes);
        Outlet::new(&destination, queue, &mut clients).map(Arc::new)
    });
    outlets.collect()
}

/// What a configuration says that a destination is to do.
pub(super) fn state(config: &Config, name: &str) -> DestinationState {
    if config.draining.contains(name) {
        DestinationState::Draining
    } else if config.paused.contains(name) {
        DestinationState::Paused
    } else {
        DestinationState::Active
    }
}

/// The rules of a configuration, for its destinations in their places, standard output behind them.
pub(super) fn rules(config: &Config, store: bool) -> Result<Rules, String> {
    let console = (!config.console.is_empty()).then(|| "console".to_owned());
    let names = config.destinations.iter().map(|d| d.name.clone());
    let names: Vec<String> = names.chain(console).collect();
    if names.len() > MAX_DESTINATIONS {
        return Err(format!(
            "there may be {MAX_DESTINATIONS} destinations at most, and there are {}",
            names.len()
        ));
    }
    let all = Signal::ALL.map(|signal| {
        let takes = |name: &str| {
            let mut destinations = config.destinations.iter();
            let found = destinations.find(|destination| destination.name == name);
            let takes = match found {
                Some(destination) => destination.endpoints.contains_key(&signal),
                None => config.console.contains(&signal),
            };
            takes && state(config, name) != DestinationState::Draining
        };
        let places = names.iter().enumerate().filter(|(_, name)| takes(name));
        let places = places.fold(0, |all, (at, _)| all | 1 << at);
        let stored = store && signal == Signal::Traces;
        places | if stored { STORE } else { 0 }
    });
    Rules::new(config, names, all)
}
