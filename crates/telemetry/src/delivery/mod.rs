//! The one way out: takes OTLP requests, routes them, keeps them in a bounded queue per
//! destination and sends them.
//!
//! The server's own telemetry and what browsers relay both come in through [`Delivery::intake`],
//! so both get the same retries, bounds and counts. The intake never waits and needs no runtime:
//! queues are drained by tasks on a thread of their own, one task per destination, so a slow
//! destination delays nobody else and nothing here depends on the host's runtime. The embedded
//! store is filled right in the intake: what was accepted can be found at once.

mod console;
mod counters;
mod exporter;
mod outlet;
mod queue;
mod retry;
mod sender;
pub(crate) mod transport;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde::Serialize;

use crate::otlp::count;
use crate::store::Store;
use crate::{Config, Signal};

pub(crate) use counters::Counters;
pub use counters::{Count, Outcome};
pub(crate) use exporter::IntakeClient;
pub use outlet::Health;
pub(crate) use outlet::Outlet;
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

/// What the intake did with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intake {
    /// At least one destination has it, or it was empty.
    Accepted,
    /// No destination takes this signal: dropped and counted.
    NoDestination,
    /// Every destination that takes this signal is full: nothing was taken.
    Full,
}

/// Where a batch goes.
#[derive(Debug, Clone, Copy)]
enum Target<'a> {
    Store(&'a Store),
    Http(&'a Outlet),
}

#[derive(Debug)]
pub(crate) struct Delivery {
    outlets: Vec<Arc<Outlet>>,
    store: Option<Arc<Store>>,
    counters: Arc<Counters>,
    worker: Worker,
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
        for destination in &config.destinations {
            let outlet = Outlet::new(destination, config.queue_bytes, &mut clients)?;
            outlets.push(Arc::new(outlet));
        }
        if !config.console.is_empty() {
            let console = Outlet::console(config.console.clone(), config.queue_bytes);
            outlets.push(Arc::new(console));
        }
        let worker = Worker::start(outlets.clone(), Arc::clone(&counters), config.retry)?;
        Ok(Self {
            outlets,
            store,
            counters,
            worker,
            embedded: Arc::from("embedded"),
            nowhere: Arc::from("none"),
        })
    }

    /// Takes a batch. `decoded` spares the store a second decoding where the caller has it.
    pub(crate) fn intake(
        &self,
        batch: &Batch,
        mut decoded: Option<ExportTraceServiceRequest>,
    ) -> Intake {
        if batch.items == 0 {
            return Intake::Accepted;
        }
        let mut targets = 0usize;
        let mut full: Vec<&Outlet> = Vec::new();
        for target in self.route(batch) {
            targets += 1;
            match target {
                Target::Store(store) => self.keep(store, batch, decoded.take()),
                Target::Http(outlet) => {
                    if outlet.queue.push(batch.clone()).is_ok() {
                        self.count(Outcome::Accepted, batch, &outlet.name, "");
                    } else {
                        full.push(outlet);
                    }
                }
            }
        }
        if targets == 0 {
            self.count(Outcome::Dropped, batch, &self.nowhere, "no_destination");
            return Intake::NoDestination;
        }
        // A relay client that nobody took anything from sends it again, so nothing is lost yet.
        // Where one destination has it, sending again would double it there.
        if full.len() == targets && batch.source == Source::Relay {
            return Intake::Full;
        }
        for outlet in &full {
            self.count(Outcome::Dropped, batch, &outlet.name, "queue_full");
        }
        if full.len() == targets {
            Intake::Full
        } else {
            Intake::Accepted
        }
    }

    /// Where a batch goes: everywhere its signal is taken.
    fn route<'a>(&'a self, batch: &'a Batch) -> impl Iterator<Item = Target<'a>> {
        let store = self.store.as_deref();
        let store = store.filter(|_| batch.signal == Signal::Traces);
        let outlets = self.outlets.iter().map(|outlet| &**outlet);
        store.map(Target::Store).into_iter().chain(
            outlets
                .filter(|outlet| outlet.takes(batch.signal))
                .map(Target::Http),
        )
    }

    fn keep(&self, store: &Store, batch: &Batch, decoded: Option<ExportTraceServiceRequest>) {
        let decoded = match decoded {
            Some(decoded) => Ok(decoded),
            None => ExportTraceServiceRequest::decode(batch.body.clone()),
        };
        let Ok(request) = decoded else {
            self.count(Outcome::Dropped, batch, &self.embedded, "malformed");
            return;
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

    /// Counts the items of an encoded request; `None` where it is no protobuf.
    pub(crate) fn items(signal: Signal, body: &[u8]) -> Option<u64> {
        count::items(signal, body).ok()
    }

    /// The thread that sends.
    pub(crate) fn worker(&self) -> &Worker {
        &self.worker
    }
}

#[cfg(test)]
mod tests;
