//! The embedded trace store: recent traces in memory, bounded in bytes.
//!
//! Spans are kept in their encoded form, a few hundred bytes each, and decoded when somebody
//! looks. The oldest trace goes first and goes whole, so what is shown is never a trace with holes
//! that the store made; a trace that comes back after its eviction, or that outgrew its own bound,
//! says so. Nothing in here knows HTTP or Jaeger.

mod index;
mod insert;
mod record;
mod search;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hash::RandomState;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use index::Index;
pub(crate) use record::{Origin, Record, TraceId};
pub(crate) use search::Filter;

/// Most spans one trace may hold; more are dropped and counted.
const MAX_SPANS_PER_TRACE: usize = 10_000;
/// One trace may take this part of the whole store.
const TRACE_SHARE: usize = 8;
/// How many evicted traces are remembered, to recognise their late spans.
const REMEMBERED_EVICTIONS: usize = 1024;

/// Size and history of the embedded store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct StoreStatus {
    /// Traces held.
    pub traces: usize,
    /// Spans held.
    pub spans: usize,
    /// Bytes used, as the store counts them.
    pub bytes: usize,
    /// Bytes it may use.
    pub max_bytes: usize,
    /// Traces that had to go since the start.
    pub evicted_traces: u64,
    /// Spans that went with them.
    pub evicted_spans: u64,
}

#[derive(Debug)]
pub(crate) struct Store {
    state: Mutex<State>,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    traces: HashMap<TraceId, Trace>,
    /// Arrival number to trace, oldest first.
    order: BTreeMap<u64, TraceId>,
    next_arrival: u64,
    /// Key to origin and the number of spans it has.
    origins: HashMap<Arc<[u8]>, (Arc<Origin>, usize)>,
    index: Index,
    bytes: usize,
    spans: usize,
    hasher: RandomState,
    evicted: VecDeque<TraceId>,
    evicted_traces: u64,
    evicted_spans: u64,
}

#[derive(Debug)]
struct Trace {
    arrival: u64,
    records: Vec<Arc<Record>>,
    /// Hashes of the encoded spans, to recognise what was sent twice.
    seen: HashSet<u64>,
    bytes: usize,
    dropped: u64,
    partial: bool,
}

/// A trace as it is right now.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) id: TraceId,
    pub(crate) records: Vec<Arc<Record>>,
    /// Spans that did not fit into the trace's own bound.
    pub(crate) dropped: u64,
    /// Earlier spans of this trace were evicted.
    pub(crate) partial: bool,
}

impl Trace {
    fn snapshot(&self, id: TraceId) -> Snapshot {
        Snapshot {
            id,
            records: self.records.clone(),
            dropped: self.dropped,
            partial: self.partial,
        }
    }
}

impl Store {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self {
            state: Mutex::default(),
            max_bytes,
        }
    }

    /// The spans of one trace, in order of arrival.
    pub(crate) fn trace(&self, id: TraceId) -> Option<Snapshot> {
        self.lock().traces.get(&id).map(|trace| trace.snapshot(id))
    }

    /// Names of all services, sorted.
    pub(crate) fn services(&self) -> Vec<Arc<str>> {
        self.lock().index.services()
    }

    /// Operations of a service with their kinds (OTLP numbers), sorted.
    pub(crate) fn operations(&self, service: &str) -> Vec<(Arc<str>, i32)> {
        self.lock().index.operations(service)
    }

    pub(crate) fn status(&self) -> StoreStatus {
        let state = self.lock();
        StoreStatus {
            traces: state.traces.len(),
            spans: state.spans,
            bytes: state.bytes,
            max_bytes: self.max_bytes,
            evicted_traces: state.evicted_traces,
            evicted_spans: state.evicted_spans,
        }
    }

    /// No code panics while it holds the lock, so a poisoned state is still consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
