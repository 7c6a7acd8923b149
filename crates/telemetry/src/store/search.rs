//! Finding the newest traces that match.

use super::record::{Record, TraceId};
use super::{Snapshot, State, Store};

/// How many candidates are copied out of the store at a time. Matching happens outside the lock,
/// because it may have to decode spans.
const CHUNK: usize = 64;

/// What a span has to be like for its trace to be found. Everything left out matches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) service: Option<String>,
    pub(crate) operation: Option<String>,
    /// Earliest start, nanoseconds since 1970.
    pub(crate) start: Option<u64>,
    /// Latest start, nanoseconds since 1970.
    pub(crate) end: Option<u64>,
    /// Shortest duration, nanoseconds.
    pub(crate) min_duration: Option<u64>,
    /// Longest duration, nanoseconds.
    pub(crate) max_duration: Option<u64>,
}

impl Filter {
    fn matches(&self, record: &Record) -> bool {
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == value)
        };
        is(&self.service, &record.origin.service)
            && is(&self.operation, &record.operation)
            && self.start.is_none_or(|start| record.start >= start)
            && self.end.is_none_or(|end| record.start <= end)
            && self.min_duration.is_none_or(|min| record.duration() >= min)
            && self.max_duration.is_none_or(|max| record.duration() <= max)
    }
}

impl Store {
    /// At most `limit` traces in which one span satisfies both the filter and `accepts`, those
    /// that arrived last first.
    pub(crate) fn search(
        &self,
        filter: &Filter,
        limit: usize,
        accepts: impl Fn(&Record) -> bool,
    ) -> Vec<Snapshot> {
        let mut found = Vec::new();
        let mut before = u64::MAX;
        while found.len() < limit {
            let Some((last, candidates)) = self.candidates(filter, before) else {
                break;
            };
            before = last;
            for candidate in candidates {
                let mut records = candidate.records.iter();
                if records.any(|record| filter.matches(record) && accepts(record)) {
                    found.push(candidate);
                    if found.len() == limit {
                        break;
                    }
                }
            }
        }
        found
    }

    /// The next traces that may match, and the arrival number to go on from.
    fn candidates(&self, filter: &Filter, before: u64) -> Option<(u64, Vec<Snapshot>)> {
        let state = self.lock();
        let service = filter.service.as_deref();
        let arrivals = state
            .index
            .newest(service, filter.operation.as_deref(), before, CHUNK)
            .unwrap_or_else(|| state.newest(before));
        let last = *arrivals.last()?;
        let snapshots = arrivals.iter().filter_map(|arrival| {
            let id: TraceId = *state.order.get(arrival)?;
            let trace = state.traces.get(&id)?;
            // Checked here already, so that only traces that may match are copied.
            let possible = trace.records.iter().any(|record| filter.matches(record));
            possible.then(|| trace.snapshot(id))
        });
        Some((last, snapshots.collect()))
    }
}

impl State {
    fn newest(&self, before: u64) -> Vec<u64> {
        let keys = self.order.range(..before).rev();
        keys.map(|(arrival, _)| *arrival).take(CHUNK).collect()
    }
}
