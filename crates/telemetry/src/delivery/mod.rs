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
mod group;
mod history;
mod intake;
mod journal;
mod letters;
mod live;
mod meter;
mod orders;
mod outlet;
mod pace;
mod placer;
mod queue;
mod request;
mod retry;
mod routes;
mod samples;
mod sender;
mod tail;
pub(crate) mod transport;
mod waiting;
mod worker;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use serde::Serialize;

use crate::otlp::count;
use crate::store::Store;
use crate::{Config, Durable, Signal};

pub use circuit::{Circuit, CircuitState};
pub(crate) use counters::Counters;
pub use counters::{Count, Outcome};
pub(crate) use exporter::IntakeClient;
use history::Recorder;
pub use history::{Columns, History, Latency, Rates, TailColumns};
use intake::Placing;
pub(crate) use intake::{Intake, Ticket};
pub(crate) use journal::sync_folder;
use journal::{Found, Journal, Unopened};
pub use journal::{StorageState, StorageStatus};
pub(crate) use letters::DeadLetters;
pub use letters::{DeadLetter, DeadLetterStatus};
pub(crate) use live::Change;
pub(crate) use outlet::Outlet;
pub use outlet::{DestinationState, Health};
use placer::{Layout, Placer};
use queue::Queue;
#[cfg(any(test, fuzzing))]
pub(crate) use routes::fuzzing;
pub use routes::{DryRun, DryRunItem, DryRunPart};
use samples::Samples;
use tail::Tail;
pub use tail::TailStatus;
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
    parked: Parked,
    history: Arc<Recorder>,
    samples: Samples,
    /// Where queues are on disk; the same from the start to the end.
    durable: Option<Durable>,
}

impl Delivery {
    /// Starts the sender tasks.
    ///
    /// # Errors
    /// A sentence saying why no HTTP client or thread could be had.
    pub(crate) fn start(config: &Config, store: Option<Arc<Store>>) -> Result<Self, String> {
        let counters = Arc::new(Counters::default());
        let durable = config.durable.as_ref();
        let letters = DeadLetters::new(
            durable.map(|durable| &*durable.folder),
            durable.map_or(0, |durable| durable.dead_letter_bytes),
        );
        let letters = Arc::new(letters);
        let (journal, unopened) = durable
            .map(|durable| Journal::new(durable.folder.clone()))
            .unzip();
        let new = |name: &str, bytes| match (durable, &journal) {
            (Some(durable), Some(journal)) => {
                Queue::durable(bytes, durable.max_age, journal.cursor(name))
            }
            _ => Queue::new(bytes),
        };
        let mut outlets = live::outlets(config, |name, bytes| Arc::new(new(name, bytes)))?;
        if !config.console.is_empty() {
            let console = Outlet::console(config.console.clone(), config.queue_bytes);
            outlets.push(Arc::new(console));
        }
        for outlet in &outlets {
            outlet.set(live::state(config, &outlet.name));
        }
        let layout = Layout {
            rules: live::rules(config, store.is_some())?,
            outlets: outlets.clone(),
        };
        let journal = journal.map(Arc::new);
        let placer = Arc::new(Placer::new(layout, store, counters, journal));
        let tail = Arc::new(Tail::new(config.tail, Arc::clone(&placer)));
        let parked = Parked::default();
        let history = Arc::new(Recorder::default());
        history.begin(&outlets, &[]);
        let worker = Worker::start(worker::Parts {
            placer: Arc::clone(&placer),
            tail: Arc::clone(&tail),
            letters: Arc::clone(&letters),
            parked: Arc::clone(&parked),
            history: Arc::clone(&history),
        })?;
        worker.begin(outlets);
        let delivery = Self {
            placer,
            tail,
            letters,
            worker,
            parked,
            history,
            samples: Samples::default(),
            durable: durable.cloned(),
        };
        if let Some(unopened) = unopened {
            let age = durable.map_or(Duration::ZERO, |durable| durable.max_age);
            delivery.recover(unopened, age)?;
        }
        Ok(delivery)
    }

    /// Starts the journal; what is found in it goes to the queues.
    fn recover(&self, unopened: Unopened, age: Duration) -> Result<(), String> {
        let Some(journal) = &self.placer.journal else {
            return Ok(());
        };
        let counters = Arc::clone(&self.placer.counters);
        let weak = Arc::downgrade(journal);
        let tail = Arc::downgrade(&self.tail);
        let placer = Arc::downgrade(&self.placer);
        let parked = Arc::clone(&self.parked);
        let find = move |name: &str, found: Found| {
            // Where all of it is gone, the next run finds it again.
            let Some(placer) = placer.upgrade() else {
                return;
            };
            let layout = placer.held();
            let outlet = layout.named(name);
            let outlet = outlet.filter(|outlet| outlet.queue.is_durable());
            match (found, outlet) {
                (Found::Waiting(record), _) if name == tail::NAME => {
                    // Decisions are placed by this layout, or by a later one.
                    drop(layout);
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
        self.samples.note(batch);
        if !self.takes(batch.signal) {
            self.placer.nowhere(batch);
            return Ticket::known(Intake::NoDestination);
        }
        if batch.signal == Signal::Traces && self.tail.is_on() {
            let placer = &self.placer;
            let layout = placer.layout();
            // Where no rule keeps something from it, the store has everything, and at once.
            let stored = layout.rules.is_empty(batch.signal) && placer.keep(batch, decoded);
            if stored && !layout.sends(batch.signal) {
                return Ticket::known(Intake::Accepted);
            }
            return self.tail.take(batch);
        }
        self.placer.take(batch, decoded)
    }

    /// What the rules would do with a request; `None` where it is malformed.
    pub(crate) fn dry_run(&self, signal: Signal, body: &Bytes) -> Option<DryRun> {
        self.placer.layout().rules.dry_run(signal, body).ok()
    }

    /// Puts a dead letter into the queue of its destination again; `None` where there is none
    /// such. It stays a dead letter unless it was accepted.
    pub(crate) async fn replay(&self, id: &str) -> Option<Intake> {
        let (letter, batch) = self.letters.read(id).await?;
        let outlet = self.placer.layout().named(&letter.destination)?.clone();
        let placing = Placing {
            batch,
            outlets: vec![outlet],
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
        (signal == Signal::Traces && self.placer.store.is_some())
            || self.placer.layout().sends(signal)
    }

    pub(crate) fn outlets(&self) -> Vec<Arc<Outlet>> {
        self.placer.layout().outlets.clone()
    }

    /// Answers with all destinations for as long as this lives, which it does not prolong.
    pub(crate) fn observed(&self) -> impl Fn() -> Vec<Arc<Outlet>> + Send + Sync + use<> {
        let placer = Arc::downgrade(&self.placer);
        move || {
            let placer = placer.upgrade();
            placer.map_or_else(Vec::new, |placer| placer.layout().outlets.clone())
        }
    }

    /// What went through a destination within the last minute, by these counts.
    pub(crate) fn recent(&self, outlet: &Outlet, counts: &[Count]) -> (Rates, Latency) {
        self.history.recent(outlet, counts)
    }

    /// The last minutes.
    pub(crate) fn history(&self) -> History {
        self.history.shown()
    }

    /// The last small request of a kind that came in.
    pub(crate) fn sample(&self, signal: Signal) -> Option<Bytes> {
        self.samples.last(signal)
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

/// Milliseconds since 1970.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests;
