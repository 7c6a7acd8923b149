//! What the rest of the instrumentation asks of its settings, with the tracer and the instruments
//! made from them at the first event.

use std::cell::OnceCell;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opentelemetry::global::BoxedSpan;
use opentelemetry::trace::SpanBuilder;
use opentelemetry::{Context, InstrumentationScope};

use super::attributes;
use super::custom::{Arguments, Direction, EventInfo};
use super::instruments::Instruments;
use super::limit::Limiter;
use super::names::Event;
use super::quota::Quota;
use super::settings::SocketTelemetry;
use super::source::Source;
use crate::pipeline::{self, Formats, Recorder};

impl SocketTelemetry {
    /// What sockets use whose namespace has no [`traced_connect`](super::traced_connect).
    pub(super) fn shared_default() -> &'static Self {
        static DEFAULT: OnceLock<SocketTelemetry> = OnceLock::new();
        DEFAULT.get_or_init(Self::new)
    }

    /// Whether a trace may begin with a broadcast of `event`. Counts what it refuses.
    pub(super) fn admits(&self, event: &str) -> bool {
        self.admits_from(&self.inner.limiter, event)
    }

    /// The same by this limiter. Where nothing is recorded there is nothing to limit.
    pub(super) fn admits_from(&self, limiter: &Limiter, event: &str) -> bool {
        let admitted = !self.enabled() || limiter.admits(event, self.inner.new_traces_per_second);
        if !admitted {
            self.instruments().count_limited(event);
        }
        admitted
    }

    /// An event, as spans and metrics call it.
    pub(super) fn event(&self, name: &str) -> Arc<Event> {
        self.inner.names.get(name)
    }

    pub(super) fn is_request(&self, event: &str) -> bool {
        self.inner.answers.contains_key(event)
    }

    pub(super) fn namespace(&self, path: &str) -> Arc<str> {
        self.inner.namespace.clone().unwrap_or_else(|| path.into())
    }

    /// Whether spans go anywhere. When not, contexts still travel, but no span is described.
    pub(super) fn enabled(&self) -> bool {
        self.source().enabled()
    }

    pub(super) fn start(&self, builder: SpanBuilder, parent: &Context) -> BoxedSpan {
        self.source().start(builder, parent)
    }

    /// The quick way for spans, if there is one.
    pub(super) fn recorder(&self) -> Option<(&Arc<Recorder>, &Arc<InstrumentationScope>)> {
        self.source().recorder()
    }

    pub(super) fn instruments(&self) -> &Instruments {
        self.inner.provided.instruments()
    }

    /// The threshold, if `took` is longer.
    pub(super) fn slower_than(&self, took: Duration) -> Option<Duration> {
        self.inner
            .slow_threshold
            .filter(|threshold| took > *threshold)
    }

    /// Adds the application's attributes to the span of `context`.
    pub(super) fn describe(
        &self,
        context: &Context,
        direction: Direction,
        name: &str,
        namespace: &str,
        source: &dyn Arguments,
    ) {
        if self.inner.custom.wants_nothing() {
            return;
        }
        let event = EventInfo {
            direction,
            name,
            namespace,
            source,
            parsed: OnceCell::new(),
        };
        if self.inner.custom.describe(context, &event).is_err()
            && let Some(unsaid) = self.log_quota().take()
        {
            tracing::error!(
                { attributes::UNLOGGED } = Some(unsaid).filter(|unsaid| *unsaid > 0),
                "the attributes hook panicked at the event {name}; the panic hook has the message",
            );
        }
    }

    pub(super) fn log_quota(&self) -> &Quota {
        &self.inner.log_quota
    }

    pub(super) fn formats(&self) -> &Formats {
        self.inner.formats.get_or_init(pipeline::formats)
    }

    fn source(&self) -> &Source {
        self.inner.provided.source()
    }
}

pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("aether-telemetry.socketio")
        .with_version(env!("CARGO_PKG_VERSION"))
        .build()
}
