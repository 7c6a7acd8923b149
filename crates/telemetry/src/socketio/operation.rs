//! One span with its duration metric: a handler's run, a connection's handshake or an emit.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use opentelemetry::trace::{SpanBuilder, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};

use super::attributes;
use super::settings::SocketTelemetry;

/// What an operation is measured as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metric {
    /// `messaging.process.duration`
    Process,
    /// `messaging.client.operation.duration`
    Send,
    /// Not measured.
    None,
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// `error.type`: one of few names.
    pub(super) kind: &'static str,
    /// The status description. Never a part of what was sent or received.
    pub(super) description: Cow<'static, str>,
}

impl Failure {
    pub(super) fn new(kind: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            description: description.into(),
        }
    }
}

/// A running operation. Dropped before it is finished it ends as a failure: `panic` while the
/// thread unwinds, `cancelled` otherwise (its task was aborted, or the runtime shut down).
#[derive(Debug)]
pub(super) struct Operation {
    settings: SocketTelemetry,
    context: Context,
    event: Arc<str>,
    metric: Metric,
    started: Instant,
    /// What dropping it means, if not a failure.
    abandoned: Option<Failure>,
    finished: bool,
}

impl Operation {
    /// Starts the span under `parent`. The builder is asked for only where spans go somewhere.
    pub(super) fn start(
        settings: &SocketTelemetry,
        event: &Arc<str>,
        metric: Metric,
        parent: Context,
        builder: impl FnOnce() -> SpanBuilder,
    ) -> Self {
        let context = if settings.enabled() {
            let span = settings.start(builder(), &parent);
            parent.with_span(span)
        } else {
            parent
        };
        Self {
            settings: settings.clone(),
            context,
            event: Arc::clone(event),
            metric,
            started: Instant::now(),
            abandoned: Some(Failure::new("cancelled", "ended before it was done")),
            finished: false,
        }
    }

    /// Dropping it is no failure.
    pub(super) fn may_be_dropped(&mut self) {
        self.abandoned = None;
    }

    /// The context of the span: attach it to whatever belongs to the operation.
    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// What it is called in a log.
    pub(super) fn label(&self) -> impl fmt::Display + '_ {
        struct Label<'a>(&'a Operation);
        impl fmt::Display for Label<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let what = match self.0.metric {
                    Metric::Process => "handler of the event",
                    Metric::Send => "emit of",
                    Metric::None => "connection to",
                };
                write!(f, "{what} {}", self.0.event)
            }
        }
        Label(self)
    }

    /// Ends the span and records the duration.
    pub(super) fn finish(mut self, result: Result<(), Failure>) {
        self.end(result.err());
    }

    fn end(&mut self, failure: Option<Failure>) {
        self.finished = true;
        self.measure(failure.as_ref());
        let span = self.context.span();
        if self.settings.enabled() {
            if let Some(failure) = failure {
                span.set_attribute(KeyValue::new(attributes::ERROR_TYPE, failure.kind));
                span.set_status(Status::Error {
                    description: failure.description,
                });
            }
            span.end();
        }
    }

    fn measure(&self, failure: Option<&Failure>) {
        let (histogram, name) = match self.metric {
            Metric::Process => (&self.settings.instruments().process_duration, "process"),
            Metric::Send => (&self.settings.instruments().operation_duration, "send"),
            Metric::None => return,
        };
        let seconds = self.started.elapsed().as_secs_f64();
        let [system, _, name, destination] = attributes::operation(name, &self.event);
        // The measurement is taken in the span's context, so that exemplars can point to it.
        let _guard = self.context.clone().attach();
        match failure {
            None => histogram.record(seconds, &[system, name, destination]),
            Some(failure) => {
                let error = KeyValue::new(attributes::ERROR_TYPE, failure.kind);
                histogram.record(seconds, &[system, name, destination, error]);
            }
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let failure = if thread::panicking() {
            Some(Failure::new("panic", "panicked"))
        } else {
            self.abandoned.take()
        };
        self.end(failure);
    }
}
