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
mod queue;
mod retry;
mod routes;
mod sender;
pub(crate) mod transport;
mod worker;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
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
use queue::Queue;
pub use routes::{DryRun, DryRunItem, DryRunPart};
use routes::{Rules, STORE};
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
    outlets: Vec<Arc<Outlet>>,
    store: Option<Arc<Store>>,
    counters: Arc<Counters>,
    journal: Option<Arc<Journal>>,
    letters: Arc<DeadLetters>,
    worker: Worker,
    rules: Rules,
    embedded: Arc<str>,
    nowhere: Arc<str>,
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
        let parked = Parked::default();
        let worker = Worker::start(worker::Parts {
            outlets: outlets.clone(),
            counters: Arc::clone(&counters),
            letters: Arc::clone(&letters),
            journal: journal.clone(),
            parked: Arc::clone(&parked),
            retry: config.retry,
        })?;
        let delivery = Self {
            outlets,
            store,
            counters,
            journal,
            letters,
            worker,
            rules,
            embedded: Arc::from("embedded"),
            nowhere: Arc::from("none"),
        };
        if let Some(unopened) = unopened {
            let age = durable.map_or(Duration::ZERO, |durable| durable.max_age);
            delivery.recover(unopened, parked, age)?;
        }
        Ok(delivery)
    }

    /// Starts the journal; what is found in it goes to the queues.
    fn recover(&self, unopened: Unopened, parked: Parked, age: Duration) -> Result<(), String> {
        let Some(journal) = &self.journal else {
            return Ok(());
        };
        let outlets = self.outlets.clone();
        let counters = Arc::clone(&self.counters);
        let weak = Arc::downgrade(journal);
        let find = move |name: &str, found: Found| {
            let outlet = outlets.iter().find(|outlet| {
                let durable = outlet.queue.is_durable();
                durable && &*outlet.name == name
            });
            match (found, outlet) {
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
            self.count(Outcome::Dropped, batch, &self.nowhere, "no_destination");
            return Ticket::known(Intake::NoDestination);
        }
        if !self.rules.is_empty(batch.signal) {
            return self.route(batch, decoded);
        }
        let stored = self.keep(batch, decoded);
        let outlets = self.outlets.iter();
        let outlets = outlets.filter(|outlet| outlet.takes(batch.signal));
        let placing = Placing {
            batch: batch.clone(),
            outlets: outlets.cloned().collect(),
            taken: stored,
        };
        intake::place(vec![placing], self.journal.as_deref(), &self.counters)
    }

    /// Takes a batch the way that the rules say.
    fn route(&self, batch: &Batch, decoded: Option<ExportTraceServiceRequest>) -> Ticket {
        let Ok(plan) = self.rules.plan(batch.signal, &batch.body, batch.items) else {
            // Rules may be there to keep something secret, so it does not go past them.
            self.count(Outcome::Dropped, batch, &self.nowhere, "malformed");
            return Ticket::known(Intake::Accepted);
        };
        for (rule, items) in plan.dropped {
            let reason = format!("route: {}", self.rules.name(rule));
            let nowhere = &self.nowhere;
            self.counters
                .add(Outcome::Dropped, batch.signal, nowhere, reason, items);
        }
        let (nowhere, items) = (&self.nowhere, plan.nowhere);
        let reason = "no_destination";
        self.counters
            .add(Outcome::Dropped, batch.signal, nowhere, reason, items);
        let mut decoded = decoded;
        let whole_body = batch.body.as_ptr();
        let mut parts = Vec::with_capacity(plan.parts.len());
        for part in plan.parts {
            let batch = Batch {
                items: part.items,
                body: part.body,
                ..batch.clone()
            };
            let mut taken = false;
            if part.to & STORE != 0 {
                // What was decoded is the whole request, as it came.
                let whole = batch.body.as_ptr() == whole_body;
                taken = self.keep(&batch, decoded.take().filter(|_| whole));
            }
            let outlets = self.outlets.iter().enumerate();
            let outlets = outlets.filter(|(at, _)| part.to >> at & 1 == 1);
            parts.push(Placing {
                batch,
                outlets: outlets.map(|(_, outlet)| Arc::clone(outlet)).collect(),
                taken,
            });
        }
        intake::place(parts, self.journal.as_deref(), &self.counters)
    }

    /// What the rules would do with a request; `None` where it is malformed.
    pub(crate) fn dry_run(&self, signal: Signal, body: &Bytes) -> Option<DryRun> {
        self.rules.dry_run(signal, body).ok()
    }

    /// Puts a dead letter into the queue of its destination again; `None` where there is none
    /// such. It stays a dead letter unless it was accepted.
    pub(crate) async fn replay(&self, id: &str) -> Option<Intake> {
        let (letter, batch) = self.letters.read(id).await?;
        let named = |outlet: &&Arc<Outlet>| outlet.name == letter.destination;
        let outlet = self.outlets.iter().find(named)?;
        let journal = self.journal.as_deref();
        let placing = Placing {
            batch,
            outlets: vec![Arc::clone(outlet)],
            taken: false,
        };
        let ticket = intake::place(vec![placing], journal, &self.counters);
        let intake = ticket.settled().await;
        if intake == Intake::Accepted {
            self.letters.discard(id).await;
        }
        Some(intake)
    }

    /// Fills the store with traces; says whether there is one for them.
    fn keep(&self, batch: &Batch, decoded: Option<ExportTraceServiceRequest>) -> bool {
        let store = self.store.as_deref();
        let Some(store) = store.filter(|_| batch.signal == Signal::Traces) else {
            return false;
        };
        let decoded = match decoded {
            Some(decoded) => Ok(decoded),
            None => ExportTraceServiceRequest::decode(batch.body.clone()),
        };
        let Ok(request) = decoded else {
            self.count(Outcome::Dropped, batch, &self.embedded, "malformed");
            return true;
        };
        let inserted = store.insert(request);
        for (outcome, reason, items) in [
            (Outcome::Accepted, "", inserted.stored),
            (Outcome::Exported, "", inserted.stored),
            (Outcome::Dropped, "invalid_id", inserted.invalid),
            (Outcome::Dropped, "trace_full", inserted.trace_full),
        ] {
            self.counters
                .add(outcome, batch.signal, &self.embedded, reason, items);
        }
        true
    }

    fn count(&self, outcome: Outcome, batch: &Batch, destination: &Arc<str>, reason: &'static str) {
        self.counters
            .add(outcome, batch.signal, destination, reason, batch.items);
    }

    /// Whether any destination takes a signal.
    pub(crate) fn takes(&self, signal: Signal) -> bool {
        (signal == Signal::Traces && self.store.is_some())
            || self.outlets.iter().any(|outlet| outlet.takes(signal))
    }

    pub(crate) fn outlets(&self) -> &[Arc<Outlet>] {
        &self.outlets
    }

    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    pub(crate) fn letters(&self) -> &Arc<DeadLetters> {
        &self.letters
    }

    /// How the folder of the durable queues is doing, where there is one.
    pub(crate) fn storage(&self) -> Option<StorageStatus> {
        self.journal.as_ref().map(|journal| journal.status())
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
