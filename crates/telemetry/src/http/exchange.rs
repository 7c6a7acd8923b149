//! One request and its response: the span and the measurements.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use aether_propagation::{Sampling, extract_in_order};
use http::{HeaderMap, Request, StatusCode};
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};

use super::describe::{self, Facts};
use super::layer::Shared;
use crate::pipeline::read_order;
use crate::socketio::context;

/// A request that is being answered. Dropped before that it ends with `error.type` `panic` or, for
/// a client that went away, `cancelled`.
#[derive(Debug)]
pub(super) struct Exchange {
    shared: Arc<Shared>,
    context: Context,
    facts: Facts,
    started: Instant,
    read: Arc<AtomicU64>,
    status: Option<StatusCode>,
    finished: bool,
}

impl Exchange {
    pub(super) fn start<B>(shared: &Arc<Shared>, request: &Request<B>) -> Self {
        let (parent, refused) = parent(request.headers(), shared.source().enabled());
        let facts = Facts::of(request, &shared.settings);
        let context = if shared.source().enabled() {
            let attributes = describe::request(&facts, request, refused, &shared.settings);
            let builder = SpanBuilder::from_name(facts.name())
                .with_kind(SpanKind::Server)
                .with_attributes(attributes);
            let span = shared.source().start(builder, &parent);
            parent.with_span(span)
        } else {
            parent
        };
        shared.instruments().active.add(1, &facts.active());
        Self {
            shared: Arc::clone(shared),
            context,
            facts,
            started: Instant::now(),
            read: Arc::default(),
            status: None,
            finished: false,
        }
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Where the bytes of the request's body are counted.
    pub(super) fn read(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }

    /// The response has begun.
    pub(super) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    /// Ends, after that many bytes of a body; only the first call counts. Without an error of its
    /// own, the status may be one.
    pub(super) fn finish(&mut self, sent: u64, error: Option<&'static str>) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        let seconds = self.started.elapsed().as_secs_f64();
        let failed = self.status.filter(StatusCode::is_server_error);
        let error = error
            .map(Cow::Borrowed)
            .or_else(|| failed.map(|status| Cow::Owned(status.as_str().to_owned())))
            .map(|error| KeyValue::new("error.type", error));
        let status = self
            .status
            .map(|status| KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        let measured = self.facts.measured(status.as_ref(), error.as_ref());
        {
            // In the span's context, so that exemplars can point to it.
            let _guard = self.context.clone().attach();
            let instruments = self.shared.instruments();
            let read = self.read.load(Ordering::Relaxed);
            instruments.active.add(-1, &self.facts.active());
            instruments.duration.record(seconds, &measured);
            instruments.request_size.record(read, &measured);
            if self.status.is_some() {
                instruments.response_size.record(sent, &measured);
            }
        }
        if self.shared.source().enabled() {
            let span = self.context.span();
            if error.is_some() {
                span.set_status(Status::error(""));
            }
            span.set_attributes(status.into_iter().chain(error));
            span.end();
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let error = if thread::panicking() {
            "panic"
        } else {
            "cancelled"
        };
        self.finish(0, Some(error));
    }
}

/// The parent that the headers name, and the reason if something in them was refused.
fn parent(headers: &HeaderMap, enabled: bool) -> (Context, Option<&'static str>) {
    let get = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let found = extract_in_order(&read_order(), &get);
    let parent = match (found.context, found.decision) {
        // Who leaves the decision to us is recorded.
        (Some(own), _) => context::parent_context(context::remote(&own, true, found.tracestate)),
        (None, Some(Sampling::Deny)) if enabled => {
            context::parent_context(context::unsampled_root())
        }
        (None, _) => Context::new(),
    };
    let reason = found.error.map(aether_propagation::Reject::as_str);
    (context::with_baggage(parent, found.baggage), reason)
}
