//! One request that goes out: the span and the measurement.

use std::borrow::Cow;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};

use super::describe::Facts;
use super::layer::Shared;
use super::message::{ClientRequest, ClientResponse};
use crate::http::describe::version;

/// A request without its response yet. Dropped before that it ends with `error.type` `cancelled`,
/// or `panic`.
#[derive(Debug)]
pub(super) struct Call {
    shared: Arc<Shared>,
    context: Context,
    facts: Facts,
    started: Instant,
    finished: bool,
}

impl Call {
    /// Starts the span as a child of the current one and writes its context to the request.
    pub(super) fn start(shared: &Arc<Shared>, request: &mut impl ClientRequest) -> Self {
        let target = request.target();
        let facts = Facts::of(request.method(), target.as_ref(), &shared.methods);
        let parent = Context::current();
        let context = if shared.source().enabled() {
            let attributes =
                facts.span(request.method(), target.as_ref(), &shared.secret_parameters);
            let builder = SpanBuilder::from_name(facts.name())
                .with_kind(SpanKind::Client)
                .with_attributes(attributes);
            let span = shared.source().start(builder, &parent);
            parent.with_span(span)
        } else {
            parent
        };
        super::inject(&context, request.headers_mut());
        Self {
            shared: Arc::clone(shared),
            context,
            facts,
            started: Instant::now(),
            finished: false,
        }
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Ends with the head of a response. Statuses from 400 on are errors.
    pub(super) fn answered(mut self, response: &impl ClientResponse) {
        let status = response.status();
        let error = (status.is_client_error() || status.is_server_error())
            .then(|| Cow::Owned(status.as_str().to_owned()));
        let mut more = vec![KeyValue::new(
            "http.response.status_code",
            i64::from(status.as_u16()),
        )];
        if let Some(version) = version(response.version()) {
            more.push(KeyValue::new("network.protocol.version", version));
        }
        self.end(more, error);
    }

    /// Ends without a response.
    pub(super) fn failed(mut self, error: &'static str) {
        self.end(Vec::new(), Some(Cow::Borrowed(error)));
    }

    fn end(&mut self, mut more: Vec<KeyValue>, error: Option<Cow<'static, str>>) {
        self.finished = true;
        let seconds = self.started.elapsed().as_secs_f64();
        let failed = error.is_some();
        more.extend(error.map(|error| KeyValue::new("error.type", error)));
        let mut measured = self.facts.attributes();
        measured.extend_from_slice(&more);
        {
            // In the span's context, so that exemplars can point to it.
            let _guard = self.context.clone().attach();
            self.shared.duration().record(seconds, &measured);
        }
        if self.shared.source().enabled() {
            let span = self.context.span();
            if failed {
                span.set_status(Status::error(""));
            }
            span.set_attributes(more);
            span.end();
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.finished {
            let error = if thread::panicking() {
                "panic"
            } else {
                "cancelled"
            };
            self.end(Vec::new(), Some(Cow::Borrowed(error)));
        }
    }
}
