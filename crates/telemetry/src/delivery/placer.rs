//! From a batch to the queues of its destinations, by the rules where there are any.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use super::intake::{self, Placing};
use super::journal::Journal;
use super::routes::{Rules, STORE};
use super::{Batch, Counters, Intake, Outcome, Outlet, Source, Ticket};
use crate::Signal;
use crate::store::Store;

/// Where batches go at the moment: all of it changes in one step.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) outlets: Vec<Arc<Outlet>>,
    pub(super) rules: Rules,
}

impl Layout {
    /// Whether a destination other than the store takes a signal.
    pub(super) fn sends(&self, signal: Signal) -> bool {
        self.outlets.iter().any(|outlet| outlet.takes(signal))
    }

    /// The destination of a name.
    pub(super) fn named(&self, name: &str) -> Option<&Arc<Outlet>> {
        self.outlets.iter().find(|outlet| &*outlet.name == name)
    }
}

/// Everything that a batch may be placed in.
#[derive(Debug)]
pub(super) struct Placer {
    layout: RwLock<Arc<Layout>>,
    pub(super) store: Option<Arc<Store>>,
    pub(super) counters: Arc<Counters>,
    pub(super) journal: Option<Arc<Journal>>,
    embedded: Arc<str>,
    nowhere: Arc<str>,
}

impl Placer {
    pub(super) fn new(
        layout: Layout,
        store: Option<Arc<Store>>,
        counters: Arc<Counters>,
        journal: Option<Arc<Journal>>,
    ) -> Self {
        Self {
            layout: RwLock::new(Arc::new(layout)),
            store,
            counters,
            journal,
            embedded: Arc::from("embedded"),
            nowhere: Arc::from("none"),
        }
    }

    /// Where batches go at the moment.
    pub(super) fn layout(&self) -> Arc<Layout> {
        Arc::clone(&self.held())
    }

    /// The same, which stays as it is until this is dropped. Not to be asked for twice at a time.
    pub(super) fn held(&self) -> RwLockReadGuard<'_, Arc<Layout>> {
        self.layout.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Batches go elsewhere from now on. `meanwhile` is called when all that was placed before has
    /// its room in the queues, and nothing is placed.
    pub(super) fn replace(&self, layout: Layout, meanwhile: impl FnOnce()) {
        let mut held = self.layout.write().unwrap_or_else(PoisonError::into_inner);
        meanwhile();
        *held = Arc::new(layout);
    }

    /// Places a batch. `decoded` spares the store a second decoding.
    pub(super) fn take(&self, batch: &Batch, decoded: Option<ExportTraceServiceRequest>) -> Ticket {
        // What this process made cannot be sent again.
        let again = batch.source == Source::Relay;
        let layout = self.held();
        if !layout.rules.is_empty(batch.signal) {
            return self.route(&layout, batch, decoded, again);
        }
        let stored = self.keep(batch, decoded);
        self.everywhere(&layout, batch, stored, again)
    }

    /// Places traces that were chosen as a whole, which the store has already where there are no
    /// rules. Where there is no room they are brought again.
    pub(super) fn take_chosen(&self, batch: &Batch) -> Ticket {
        let layout = self.held();
        if !layout.rules.is_empty(batch.signal) {
            return self.route(&layout, batch, None, true);
        }
        if !layout.sends(batch.signal) {
            self.nowhere(batch);
            return Ticket::known(Intake::NoDestination);
        }
        self.everywhere(&layout, batch, false, true)
    }

    fn everywhere(&self, layout: &Layout, batch: &Batch, taken: bool, again: bool) -> Ticket {
        let outlets = layout.outlets.iter();
        let outlets = outlets.filter(|outlet| outlet.takes(batch.signal));
        let placing = Placing {
            batch: batch.clone(),
            outlets: outlets.cloned().collect(),
            taken,
        };
        self.place(vec![placing], again)
    }

    /// Puts parts into the queues; see [`intake::place`].
    pub(super) fn place(&self, parts: Vec<Placing>, again: bool) -> Ticket {
        intake::place(parts, again, self.journal.as_deref(), &self.counters)
    }

    /// Places a batch the way that the rules say.
    fn route(
        &self,
        layout: &Layout,
        batch: &Batch,
        decoded: Option<ExportTraceServiceRequest>,
        again: bool,
    ) -> Ticket {
        let Ok(plan) = layout.rules.plan(batch.signal, &batch.body, batch.items) else {
            // Rules may be there to keep something secret, so it does not go past them.
            self.count(Outcome::Dropped, batch, &self.nowhere, "malformed");
            return Ticket::known(Intake::Accepted);
        };
        let mut parts = Vec::with_capacity(plan.parts.len());
        let mut stored = None;
        for part in plan.parts {
            let part_of = Batch {
                items: part.items,
                body: part.body,
                ..batch.clone()
            };
            let taken = part.to & STORE != 0;
            if taken {
                stored = Some(part_of.clone());
            }
            let outlets = layout.outlets.iter().enumerate();
            let outlets = outlets.filter(|(at, _)| part.to >> at & 1 == 1);
            parts.push(Placing {
                outlets: outlets.map(|(_, outlet)| Arc::clone(outlet)).collect(),
                batch: part_of,
                taken,
            });
        }
        // Nothing is counted or stored of what is going to be brought again.
        let Some(parts) = intake::reserve(parts, again) else {
            return Ticket::known(Intake::Full);
        };
        let (counters, nowhere) = (&self.counters, &self.nowhere);
        for (rule, items) in plan.dropped {
            let reason = format!("route: {}", layout.rules.name(rule));
            counters.add(Outcome::Dropped, batch.signal, nowhere, reason, items);
        }
        let (reason, items) = ("no_destination", plan.nowhere);
        counters.add(Outcome::Dropped, batch.signal, nowhere, reason, items);
        if let Some(stored) = stored {
            // What was decoded is the whole request, as it came.
            let whole = stored.body.as_ptr() == batch.body.as_ptr();
            self.keep(&stored, decoded.filter(|_| whole));
        }
        intake::put_all(parts, again, self.journal.as_deref(), counters)
    }

    /// Fills the store with traces; says whether there is one for them.
    pub(super) fn keep(&self, batch: &Batch, decoded: Option<ExportTraceServiceRequest>) -> bool {
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
            let (signal, name) = (batch.signal, &self.embedded);
            self.counters.add(outcome, signal, name, reason, items);
        }
        true
    }

    /// Counts what no destination takes.
    pub(super) fn nowhere(&self, batch: &Batch) {
        self.count(Outcome::Dropped, batch, &self.nowhere, "no_destination");
    }

    fn count(&self, outcome: Outcome, batch: &Batch, destination: &Arc<str>, reason: &'static str) {
        self.counters
            .add(outcome, batch.signal, destination, reason, batch.items);
    }
}
