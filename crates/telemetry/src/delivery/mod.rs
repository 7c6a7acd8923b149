//! The one way out: takes OTLP requests, routes them, keeps them in a bounded queue per
//! destination and sends them.
//!
//! The server's own telemetry and what browsers relay both come in through [`Delivery::intake`],
//! so both get the same retries, bounds and counts. The intake never waits and needs no runtime:
//! queues are drained by tasks on a thread of their own, one task per destination, so a slow
//! destination delays nobody else and nothing here depends on the host's runtime. The embedded
//! store is filled right in the intake: what was accepted can be found at once.
//!
//! With a folder the queues are durable: [`journal`] has written a batch before it is accepted,
//! and what a destination has not got is sent after the next start.

mod circuit;
mod console;
mod counters;
mod exporter;
mod intake;
mod journal;
mod letters;
mod outlet;
mod pace;
mod placer;
mod queue;
mod retry;
mod routes;
mod sender;
mod tail;
pub(crate) mod transport;
mod worker;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use serde::Serialize;

use crate::otlp::count;
use crate::store::Store;
use crate::{Config, Signal};

pub use circuit::{Circuit, CircuitState};
pub(crate) use counters::Counters;
pub use counters::{Count, Outcome};
pub(crate) use exporter::IntakeClient;
use intake::Placing;
pub(crate) use intake::{Intake, Ticket};
use journal::{Found, Journal, Unopened};
pub use journal::{StorageState, StorageStatus};
pub(crate) use letters::DeadLetters;
pub use letters::{DeadLetter, DeadLetterStatus};
pub use outlet::Health;
pub(crate) use outlet::Outlet;
use placer::Placer;
use queue::Queue;
pub use routes::{DryRun, DryRunItem, DryRunPart};
use routes::{Rules, STORE};
use tail::Tail;
pub use tail::TailStatus;
use transport::Clients;
pub use worker::Undelivered;
use worker::Worker;

/// How long a relay client is asked to wait when every queue is full.
pub(crate) const FULL_RETRY_AFTER: Duration = Duration::from_secs(5);

/// One OTLP request on its way.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) signal: Signal,
    pub(crate) source: Source,
    /// Spans, log records or data points in it.
    pub(crate) items: u64,
    /// Protobuf, not compressed.
    pub(crate) body: Bytes,
}

/// Who made a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    /// This process.
    Own,
    /// A browser, through the relay.
    Relay,
}

/// Queues of destinations that are not configured any more, by name.
type Parked = Arc<Mutex<BTreeMap<Arc<str>, Arc<Queue>>>>;

#[derive(Debug)]
pub(crate) struct Delivery {
    placer: Arc<Placer>,
    tail: Arc<Tail>,
    letters: Arc<DeadLetters>,
    worker: Worker,
}

impl Delivery {
    /// Starts the sender tasks.
    ///
    /// # Errors
    /// A sentence saying why no HTTP client or thread could be had.
    pub(crate) fn start(config: &Config, store: Option<Arc<Store>>) -> Result<Self, String> {
        let counters = Arc::new(Counters::default());
        let mut clients = Clients::default();
        let mut outlets = Vec::new();
        let durable = config.durable.as_ref();
        let letters = DeadLetters::new(
            durable.map(|durable| &*durable.folder),
            durable.map_or(0, |durable| durable.dead_letter_bytes),
        );
        let letters = Arc::new(letters);
        let (journal, unopened) = durable
            .map(|durable| Journal::new(durable.folder.clone()))
            .unzip();
        for destination in &config.destinations {
            let bytes = destination.queue_bytes.unwrap_or(config.queue_bytes);
            let queue = match (durable, &journal) {
                (Some(durable), Some(journal)) => {
                    let cursor = journal.cursor(&destination.name);
                    Queue::durable(bytes, durable.max_age, cursor)
                }
                _ => Queue::new(bytes),
            };
            let outlet = Outlet::new(destination, queue, &mut clients)?;
            outlets.push(Arc::new(outlet));
        }
        if !config.console.is_empty() {
            let console = Outlet::console(config.console.clone(), config.queue_bytes);
            outlets.push(Arc::new(console));
        }
        let rules = rules(config, &outlets, store.is_some())?;
        let journal = journal.map(Arc::new);
        let placer = Placer::new(outlets, store, counters, journal, rules);
        let placer = Arc::new(placer);
        let tail = Arc::new(Tail::new(config.tail, Arc::clone(&placer)));
        let parked = Parked::default();
        let worker = Worker::start(worker::Parts {
            placer: Arc::clone(&placer),
            tail: Arc::clone(&tail),
            letters: Arc::clone(&letters),
            parked: Arc::clone(&parked),
            retry: config.retry,
        })?;
        let delivery = Self {
            placer,
            tail,
            letters,
            worker,
        };
        if let Some(unopened) = unopened {
            let age = durable.map_or(Duration::ZERO, |durable| durable.max_age);
            delivery.recover(unopened, parked, age)?;
        }
        Ok(delivery)
    }

    /// Starts the journal; what is found in it goes to the queues.
    fn recover(&self, unopened: Unopened, parked: Parked, age: Duration) -> Result<(), String> {
        let Some(journal) = &self.placer.journal else {
            return Ok(());
        };
        let outlets = self.placer.outlets.clone();
        let counters = Arc::clone(&self.placer.counters);
        let weak = Arc::downgrade(journal);
        let tail = Arc::downgrade(&self.tail);
        let find = move |name: &str, found: Found| {
            let outlet = outlets.iter().find(|outlet| {
                let durable = outlet.queue.is_durable();
                durable && &*outlet.name == name
            });
            match (found, outlet) {
                (Found::Waiting(record), _) if name == tail::NAME => {
                    // Where all of it is gone, the next run finds it again.
                    if let Some(tail) = tail.upgrade() {
                        tail.found(&record);
                    }
                }
                (Found::Waiting(record), Some(outlet)) => outlet.queue.found(record),
                (Found::Waiting(record), None) => {
                    let mut parked = parked.lock().unwrap_or_else(PoisonError::into_inner);
                    if !parked.contains_key(name)
                        && let Some(journal) = weak.upgrade()
                    {
                        tracing::warn!(
                            destination = name,
                            "telemetry is waiting for a destination that is not configured any more; it is kept until it is too old"
                        );
                        let queue = Queue::durable(0, age, journal.cursor(name));
                        parked.insert(Arc::from(name), Arc::new(queue));
                    }
                    if let Some(queue) = parked.get(name) {
                        queue.found(record);
                    }
                }
                (Found::Spoilt(header), _) => {
                    let (signal, items) = (header.signal, header.items);
                    let name = if name == tail::NAME {
                        tail::LABEL
                    } else {
                        name
                    };
                    counters.add(Outcome::Dropped, signal, &Arc::from(name), "damaged", items);
                }
            }
        };
        let letters = Arc::clone(&self.letters);
        let started = journal.start(unopened, move || letters.open(), Box::new(find));
        started.map_err(|error| format!("no thread for the queue on disk: {error}"))
    }

    /// Takes a batch. `decoded` spares the store a second decoding where the caller has it.
    pub(crate) fn intake(
        &self,
        batch: &Batch,
        decoded: Option<ExportTraceServiceRequest>,
    ) -> Ticket {
        if batch.items == 0 {
            return Ticket::known(Intake::Accepted);
        }
        if !self.takes(batch.signal) {
            self.placer.nowhere(batch);
            return Ticket::known(Intake::NoDestination);
        }
        if batch.signal == Signal::Traces && self.tail.is_on() {
            let placer = &self.placer;
            // Where no rule keeps something from it, the store has everything, and at once.
            let stored = placer.rules.is_empty(batch.signal) && placer.keep(batch, decoded);
            if stored && !placer.sends(batch.signal) {
                return Ticket::known(Intake::Accepted);
            }
            return self.tail.take(batch);
        }
        self.placer.take(batch, decoded)
    }

    /// What the rules would do with a request; `None` where it is malformed.
    pub(crate) fn dry_run(&self, signal: Signal, body: &Bytes) -> Option<DryRun> {
        self.placer.rules.dry_run(signal, body).ok()
    }

    /// Puts a dead letter into the queue of its destination again; `None` where there is none
    /// such. It stays a dead letter unless it was accepted.
    pub(crate) async fn replay(&self, id: &str) -> Option<Intake> {
        let (letter, batch) = self.letters.read(id).await?;
        let named = |outlet: &&Arc<Outlet>| outlet.name == letter.destination;
        let outlet = self.outlets().iter().find(named)?;
        let placing = Placing {
            batch,
            outlets: vec![Arc::clone(outlet)],
            taken: false,
        };
        let ticket = self.placer.place(vec![placing], true);
        let intake = ticket.settled().await;
        if intake == Intake::Accepted {
            self.letters.discard(id).await;
        }
        Some(intake)
    }

    /// Whether any destination takes a signal.
    pub(crate) fn takes(&self, signal: Signal) -> bool {
        (signal == Signal::Traces && self.placer.store.is_some()) || self.placer.sends(signal)
    }

    pub(crate) fn outlets(&self) -> &[Arc<Outlet>] {
        &self.placer.outlets
    }

    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.placer.counters
    }

    pub(crate) fn letters(&self) -> &Arc<DeadLetters> {
        &self.letters
    }

    /// How the folder of the durable queues is doing, where there is one.
    pub(crate) fn storage(&self) -> Option<StorageStatus> {
        let journal = self.placer.journal.as_ref();
        journal.map(|journal| journal.status())
    }

    /// How the choice among whole traces is doing, where there is one.
    pub(crate) fn tail(&self) -> Option<TailStatus> {
        self.tail.status()
    }

    /// Decides on all traces that are held.
    pub(crate) fn hurry(&self) {
        self.tail.hurry();
    }

    /// Spans that are held and are gone with this process.
    pub(crate) fn held(&self) -> u64 {
        if self.tail.is_durable() {
            0
        } else {
            self.tail.left()
        }
    }

    /// Counts the items of an encoded request; `None` where it is no protobuf.
    pub(crate) fn items(signal: Signal, body: &[u8]) -> Option<u64> {
        count::items(signal, body).ok()
    }

    /// The thread that sends.
    pub(crate) fn worker(&self) -> &Worker {
        &self.worker
    }
}

/// The rules, for these destinations in their places.
fn rules(config: &Config, outlets: &[Arc<Outlet>], store: bool) -> Result<Rules, String> {
    let all = Signal::ALL.map(|signal| {
        let taking = outlets.iter().enumerate();
        let taking = taking.filter(|(_, outlet)| outlet.takes(signal));
        let places = taking.fold(0, |all, (at, _)| all | 1 << at);
        let stored = store && signal == Signal::Traces;
        places | if stored { STORE } else { 0 }
    });
    let names = outlets.iter().map(|outlet| outlet.name.to_string());
    Rules::new(config, names.collect(), all)
}

/// Milliseconds since 1970.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests;
