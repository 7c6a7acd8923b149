//! One span with its duration metric: a handler's run, a connection's handshake or an emit.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use opentelemetry::trace::{SpanBuilder, SpanRef, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};

use super::attributes;
use super::failure::Failure;
use super::incoming::Form;
use super::names::Event;
use super::quota::Quota;
use super::settings::SocketTelemetry;

/// The event of a span that took longer than the threshold.
const SLOW_EVENT: &str = "socketio.slow";

/// What an operation is measured as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metric {
    /// `messaging.process.duration`, with the place where the event's context came from.
    Process(Form),
    /// `messaging.client.operation.duration`
    Send,
    /// Not measured.
    None,
}

/// A running operation. Dropped before it is finished it ends as a failure: `panic` while the
/// thread unwinds, `cancelled` otherwise (its task was aborted, or the runtime shut down).
#[derive(Debug)]
pub(super) struct Operation {
    settings: SocketTelemetry,
    context: Context,
    event: Arc<Event>,
    metric: Metric,
    started: Instant,
    /// The same as the time of day, where there is a span.
    began: Option<SystemTime>,
    /// What dropping it means, if not a failure.
    abandoned: Option<Failure>,
    finished: bool,
}

impl Operation {
    /// Starts the span under `parent`. The builder is asked for only where spans go somewhere.
    pub(super) fn start(
        settings: &SocketTelemetry,
        event: &Arc<Event>,
        metric: Metric,
        parent: Context,
        builder: impl FnOnce() -> SpanBuilder,
    ) -> Self {
        Self::start_with(settings, event, metric, parent, |parent, began| {
            parent.with_span(settings.start(builder().with_start_time(began), parent))
        })
    }

    /// The same with the span that `start` makes: given its parent and its time, the context with
    /// the span in it.
    pub(super) fn start_with(
        settings: &SocketTelemetry,
        event: &Arc<Event>,
        metric: Metric,
        parent: Context,
        start: impl FnOnce(&Context, SystemTime) -> Context,
    ) -> Self {
        // Read before the time of day, so that the span's end is never before what happened in it.
        let started = Instant::now();
        let (context, began) = if settings.enabled() {
            let began = SystemTime::now();
            (start(&parent, began), Some(began))
        } else {
            (parent, None)
        };
        Self {
            settings: settings.clone(),
            context,
            event: Arc::clone(event),
            metric,
            started,
            began,
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

    /// How many failures may be logged.
    pub(super) fn log_quota(&self) -> &Quota {
        self.settings.log_quota()
    }

    /// What it is called in a log.
    pub(super) fn label(&self) -> impl fmt::Display + '_ {
        struct Label<'a>(&'a Operation);
        impl fmt::Display for Label<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let what = match self.0.metric {
                    Metric::Process(_) => "handler of the event",
                    Metric::Send => "emit of",
                    Metric::None => "connection to",
                };
                write!(f, "{what} {}", self.0.event.name)
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
        let took = self.started.elapsed();
        self.measure(took, failure.as_ref());
        if self.settings.enabled() {
            let span = self.context.span();
            if let Some(threshold) = self.settings.slower_than(took) {
                mark_slow(&span, took, threshold);
            }
            if let Some(failure) = failure {
                span.set_attribute(KeyValue::new(attributes::ERROR_TYPE, failure.kind));
                span.set_status(Status::Error {
                    description: failure.description,
                });
            }
            // One clock for both, so that the span lasts as long as the measurement says.
            match self.began.and_then(|began| began.checked_add(took)) {
                Some(ended) => span.end_with_timestamp(ended),
                None => span.end(),
            }
        }
    }

    fn measure(&self, took: Duration, failure: Option<&Failure>) {
        let instruments = self.settings.instruments();
        let (histogram, attributes) = match self.metric {
            Metric::Process(form) => (&instruments.process_duration, self.event.processed(form)),
            Metric::Send => (&instruments.operation_duration, self.event.sent()),
            Metric::None => return,
        };
        let seconds = took.as_secs_f64();
        // The measurement is taken in the span's context, so that exemplars can point to it.
        // That of a handler that returns is current already.
        let _guard = (!is_current(&self.context)).then(|| self.context.clone().attach());
        match failure {
            None => histogram.record(seconds, attributes),
            Some(failure) => {
                let error = KeyValue::new(attributes::ERROR_TYPE, failure.kind);
                histogram.record(seconds, &[attributes, &[error]].concat());
            }
        }
    }
}

/// Whether the span of `context` is the current one.
fn is_current(context: &Context) -> bool {
    Context::map_current(|current| {
        let (current, span) = (current.span(), context.span());
        let (current, span) = (current.span_context(), span.span_context());
        current.span_id() == span.span_id() && current.trace_id() == span.trace_id()
    })
}

/// Notes when it began to be slow.
fn mark_slow(span: &SpanRef<'_>, took: Duration, threshold: Duration) {
    let since = took.saturating_sub(threshold);
    let Some(began) = SystemTime::now()
        .checked_sub(since)
        .filter(|_| span.is_recording())
    else {
        return;
    };
    let threshold = i64::try_from(threshold.as_millis()).unwrap_or(i64::MAX);
    let threshold = KeyValue::new(attributes::SLOW_THRESHOLD, threshold);
    span.add_event_with_timestamp(SLOW_EVENT, began, vec![threshold]);
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
