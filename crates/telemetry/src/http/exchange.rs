//! One request and its response: the span and the measurement.

use std::borrow::Cow;
use std::sync::Arc;
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
    finished: bool,
}

impl Exchange {
    pub(super) fn start<B>(shared: &Arc<Shared>, request: &Request<B>) -> Self {
        let (parent, refused) = parent(request.headers(), shared.source().enabled());
        let facts = Facts::of(request);
        let context = if shared.source().enabled() {
            let builder = SpanBuilder::from_name(facts.name())
                .with_kind(SpanKind::Server)
                .with_attributes(describe::request(&facts, request, refused));
            let span = shared.source().start(builder, &parent);
            parent.with_span(span)
        } else {
            parent
        };
        let shared = Arc::clone(shared);
        Self {
            shared,
            context,
            facts,
            started: Instant::now(),
            finished: false,
        }
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Ends with this status; `None` when the service failed without one.
    pub(super) fn finish(mut self, status: Option<StatusCode>) {
        let error = match status {
            None => Some(Cow::Borrowed("service_error")),
            Some(status) if status.is_server_error() => {
                Some(Cow::Owned(status.as_str().to_owned()))
            }
            Some(_) => None,
        };
        self.end(status, error);
    }

    fn end(&mut self, status: Option<StatusCode>, error: Option<Cow<'static, str>>) {
        self.finished = true;
        let seconds = self.started.elapsed().as_secs_f64();
        let status = status
            .map(|status| KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        let error = error.map(|error| KeyValue::new("error.type", error));
        let measured = describe::measured(&self.facts, status.as_ref(), error.as_ref());
        {
            // In the span's context, so that exemplars can point to it.
            let _guard = self.context.clone().attach();
            self.shared.duration().record(seconds, &measured);
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
        if !self.finished {
            let error = if thread::panicking() {
                "panic"
            } else {
                "cancelled"
            };
            self.end(None, Some(Cow::Borrowed(error)));
        }
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
