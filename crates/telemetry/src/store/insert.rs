//! Adding spans and making room for them.

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ScopeSpans, Span};
use prost::Message;

use super::record::{Origin, Record, TraceId, id, service_name};
use super::{MAX_SPANS_PER_TRACE, REMEMBERED_EVICTIONS, State, Store, TRACE_SHARE, Trace};

/// What became of the spans of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Inserted {
    /// Spans that are in the store now, those included that already were.
    pub(crate) stored: u64,
    /// Spans without a valid trace id or span id.
    pub(crate) invalid: u64,
    /// Spans beyond the bound of one trace.
    pub(crate) trace_full: u64,
}

impl Store {
    /// Adds every span of a request, then evicts the oldest traces until the bound holds.
    pub(crate) fn insert(&self, request: ExportTraceServiceRequest) -> Inserted {
        let mut inserted = Inserted::default();
        let mut state = self.lock();
        for resource_spans in request.resource_spans {
            let resource = resource_spans.resource.as_ref();
            let encoded = resource.map(Message::encode_to_vec).unwrap_or_default();
            for scope_spans in resource_spans.scope_spans {
                state.insert_scope(
                    self.max_bytes,
                    &encoded,
                    resource,
                    scope_spans,
                    &mut inserted,
                );
            }
        }
        inserted
    }
}

impl State {
    fn insert_scope(
        &mut self,
        max_bytes: usize,
        encoded_resource: &[u8],
        resource: Option<&Resource>,
        scope_spans: ScopeSpans,
        inserted: &mut Inserted,
    ) {
        let key = Origin::key(encoded_resource, scope_spans.scope.as_ref());
        let known = self.origins.get(key.as_slice());
        let origin = known.map(|(origin, _)| Arc::clone(origin));
        let origin = origin.unwrap_or_else(|| {
            let name = service_name(resource);
            let service = self.index.service_name(name);
            let service = service.unwrap_or_else(|| Arc::from(name));
            Arc::new(Origin::new(
                key.into(),
                service,
                resource,
                scope_spans.scope,
            ))
        });
        let max_trace_bytes = max_bytes / TRACE_SHARE;
        for span in scope_spans.spans {
            let Some((trace_id, record)) = self.record(&origin, &span) else {
                inserted.invalid += 1;
                continue;
            };
            if self.add(trace_id, record, max_trace_bytes) {
                inserted.stored += 1;
            } else {
                inserted.trace_full += 1;
            }
            while self.bytes > max_bytes && self.evict_oldest() {}
        }
    }

    fn record(&self, origin: &Arc<Origin>, span: &Span) -> Option<(TraceId, Record)> {
        let trace_id = id(&span.trace_id)?;
        let operation = self.index.operation_name(&origin.service, &span.name);
        let record = Record {
            span_id: id(&span.span_id)?,
            origin: Arc::clone(origin),
            operation: operation.unwrap_or_else(|| Arc::from(span.name.as_str())),
            kind: span.kind,
            start: span.start_time_unix_nano,
            end: span.end_time_unix_nano.max(span.start_time_unix_nano),
            encoded: span.encode_to_vec().into_boxed_slice(),
        };
        Some((trace_id, record))
    }

    /// Whether the span is in the store afterwards.
    fn add(&mut self, trace_id: TraceId, record: Record, max_trace_bytes: usize) -> bool {
        let cost = record.cost();
        let arrival = self.next_arrival;
        if cost + record.origin.cost() > max_trace_bytes {
            // Not even an empty trace could hold it.
            if let Some(trace) = self.traces.get_mut(&trace_id) {
                trace.dropped += 1;
            }
            return false;
        }
        let trace = self.traces.entry(trace_id).or_insert_with(|| {
            self.next_arrival += 1;
            self.order.insert(arrival, trace_id);
            Trace {
                arrival,
                records: Vec::new(),
                seen: HashSet::new(),
                bytes: 0,
                dropped: 0,
                partial: self.evicted.contains(&trace_id),
            }
        });
        let hash = self.hasher.hash_one(&record.encoded);
        if trace.seen.contains(&hash) {
            // Sent twice, as happens when an acknowledgement was lost.
            return true;
        }
        if trace.records.len() >= MAX_SPANS_PER_TRACE || trace.bytes + cost > max_trace_bytes {
            trace.dropped += 1;
            return false;
        }
        trace.seen.insert(hash);
        trace.bytes += cost;
        self.bytes += cost;
        self.spans += 1;
        self.index.add(trace.arrival, &record);
        let origin = &record.origin;
        let (_, users) = self
            .origins
            .entry(Arc::clone(&origin.key))
            .or_insert_with(|| {
                self.bytes += origin.cost();
                (Arc::clone(origin), 0)
            });
        *users += 1;
        trace.records.push(Arc::new(record));
        true
    }

    /// Removes the trace that arrived first; `false` where there is none.
    pub(super) fn evict_oldest(&mut self) -> bool {
        let Some((arrival, trace_id)) = self.order.pop_first() else {
            return false;
        };
        let Some(trace) = self.traces.remove(&trace_id) else {
            return true;
        };
        self.bytes -= trace.bytes;
        self.spans -= trace.records.len();
        self.evicted_traces += 1;
        self.evicted_spans += trace.records.len() as u64;
        for record in &trace.records {
            self.index.remove(arrival, record);
            self.release(&record.origin);
        }
        if self.evicted.len() == REMEMBERED_EVICTIONS {
            self.evicted.pop_front();
        }
        self.evicted.push_back(trace_id);
        true
    }

    /// One span less has this origin; the last one takes it along.
    fn release(&mut self, origin: &Origin) {
        if let Some((_, users)) = self.origins.get_mut(&origin.key) {
            *users -= 1;
            if *users == 0 {
                self.origins.remove(&origin.key);
                self.bytes -= origin.cost();
            }
        }
    }
}
