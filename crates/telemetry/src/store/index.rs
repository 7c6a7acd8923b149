//! Which services and operations there are, and in which traces.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::record::Record;

/// Arrival numbers of traces, with how many spans of the trace count towards the entry.
type Postings = BTreeMap<u64, u32>;

#[derive(Debug, Default)]
pub(super) struct Index {
    services: HashMap<Arc<str>, Service>,
}

#[derive(Debug, Default)]
struct Service {
    traces: Postings,
    operations: HashMap<Arc<str>, Operation>,
}

#[derive(Debug, Default)]
struct Operation {
    traces: Postings,
    kinds: BTreeMap<i32, u32>,
}

impl Index {
    /// The shared copy of an operation name, if the service has it already.
    pub(super) fn operation_name(&self, service: &str, name: &str) -> Option<Arc<str>> {
        let service = self.services.get(service)?;
        let (name, _) = service.operations.get_key_value(name)?;
        Some(Arc::clone(name))
    }

    /// The shared copy of a service name.
    pub(super) fn service_name(&self, name: &str) -> Option<Arc<str>> {
        let (name, _) = self.services.get_key_value(name)?;
        Some(Arc::clone(name))
    }

    pub(super) fn add(&mut self, arrival: u64, record: &Record) {
        let service = self
            .services
            .entry(Arc::clone(&record.origin.service))
            .or_default();
        *service.traces.entry(arrival).or_default() += 1;
        let operation = service
            .operations
            .entry(Arc::clone(&record.operation))
            .or_default();
        *operation.traces.entry(arrival).or_default() += 1;
        *operation.kinds.entry(record.kind).or_default() += 1;
    }

    pub(super) fn remove(&mut self, arrival: u64, record: &Record) {
        let Some(service) = self.services.get_mut(&record.origin.service) else {
            return;
        };
        decrement(&mut service.traces, arrival);
        if let Some(operation) = service.operations.get_mut(&record.operation) {
            decrement(&mut operation.traces, arrival);
            decrement(&mut operation.kinds, record.kind);
            if operation.traces.is_empty() {
                service.operations.remove(&record.operation);
            }
        }
        if service.traces.is_empty() {
            self.services.remove(&record.origin.service);
        }
    }

    pub(super) fn services(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.services.keys().cloned().collect();
        names.sort();
        names
    }

    pub(super) fn operations(&self, service: &str) -> Vec<(Arc<str>, i32)> {
        let mut found: Vec<_> = self
            .services
            .get(service)
            .into_iter()
            .flat_map(|service| &service.operations)
            .flat_map(|(name, operation)| {
                operation.kinds.keys().map(|kind| (Arc::clone(name), *kind))
            })
            .collect();
        found.sort();
        found
    }

    /// Arrival numbers below `before`, newest first, of the traces that may match; `None` where
    /// neither service nor operation narrows the search.
    pub(super) fn newest(
        &self,
        service: Option<&str>,
        operation: Option<&str>,
        before: u64,
        limit: usize,
    ) -> Option<Vec<u64>> {
        let newest = |postings: &Postings| -> Vec<u64> {
            let keys = postings.range(..before).rev();
            keys.map(|(arrival, _)| *arrival).take(limit).collect()
        };
        let entry = self.services.get(service?);
        Some(match (entry, operation) {
            (None, _) => Vec::new(),
            (Some(entry), None) => newest(&entry.traces),
            (Some(entry), Some(operation)) => entry
                .operations
                .get(operation)
                .map(|operation| newest(&operation.traces))
                .unwrap_or_default(),
        })
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.services.is_empty()
    }
}

fn decrement<K: Ord + Copy>(counts: &mut BTreeMap<K, u32>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}
