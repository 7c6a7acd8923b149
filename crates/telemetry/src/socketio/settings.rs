//! Settings, and the tracer and instruments made from them.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opentelemetry::global::{self, BoxedSpan, ObjectSafeTracerProvider};
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::SpanBuilder;
use opentelemetry::{Context, InstrumentationScope, KeyValue};

use super::attributes;
use super::custom::{Arguments, Custom, Direction, EventInfo};
use super::instruments::Instruments;
use super::limit::Limiter;
use super::quota::Quota;
use super::source::Source;
use crate::config::Propagators;
use crate::pipeline::{self, Formats};

/// What takes longer than this is marked as slow, unless set otherwise.
pub const DEFAULT_SLOW_THRESHOLD: Duration = Duration::from_secs(1);

/// New traces per second, event and socket, unless set otherwise.
pub const DEFAULT_NEW_TRACES_PER_SECOND: u32 = 20;

/// Settings of the Socket.IO instrumentation. Cheap to clone; clones share one tracer.
///
/// Spans go to the global tracer provider, metrics to the global meter provider, both looked up at
/// the first event. Build [`Telemetry`](crate) before the server starts, or pass providers.
///
/// ```
/// use aether_telemetry::socketio::SocketTelemetry;
///
/// let settings = SocketTelemetry::new()
///     .new_traces_per_second(5)
///     .answers("chat:send", "chat:sent");
/// # drop(settings);
/// ```
#[derive(Clone)]
pub struct SocketTelemetry {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    new_traces_per_second: Option<u32>,
    /// Declared requests and the events that answer them.
    answers: BTreeMap<Cow<'static, str>, Cow<'static, str>>,
    namespace: Option<Arc<str>>,
    tracer: Arc<Lazy<Source>>,
    instruments: Arc<Lazy<Instruments>>,
    formats: Arc<Lazy<Arc<Formats>>>,
    slow_threshold: Option<Duration>,
    log_quota: Arc<Quota>,
    custom: Custom,
    /// For broadcasts that no socket emits.
    limiter: Arc<Limiter>,
}

/// A value made at first use, or given.
type Lazy<T> = OnceLock<T>;

impl Default for SocketTelemetry {
    fn default() -> Self {
        Self::new()
    }
}

impl SocketTelemetry {
    /// The defaults: 20 new traces per second, event and socket; slow is what takes longer than a
    /// second; no declared answers; the namespace's own path as its name; nothing of what events
    /// hold.
    #[must_use]
    pub fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                new_traces_per_second: Some(DEFAULT_NEW_TRACES_PER_SECOND),
                answers: BTreeMap::new(),
                namespace: None,
                tracer: Arc::default(),
                instruments: Arc::default(),
                formats: Arc::default(),
                slow_threshold: Some(DEFAULT_SLOW_THRESHOLD),
                log_quota: Arc::default(),
                custom: Custom::default(),
                limiter: Arc::default(),
            }),
        }
    }

    /// How many traces may begin per second, for each event of each socket. Default
    /// [`DEFAULT_NEW_TRACES_PER_SECOND`].
    ///
    /// The limit applies where a trace begins, never to one that arrives: an event that comes with
    /// a sampled context is always recorded. What exceeds the limit runs as usual in a trace that
    /// is marked "not sampled" for everything it causes, and is counted in the metric
    /// `aether.socketio.unsampled_traces`. `0` records only traces begun elsewhere.
    #[must_use]
    pub fn new_traces_per_second(mut self, limit: u32) -> Self {
        self.edit().new_traces_per_second = Some(limit);
        self
    }

    /// Removes the limit of [`new_traces_per_second`](Self::new_traces_per_second).
    #[must_use]
    pub fn unlimited_new_traces(mut self) -> Self {
        self.edit().new_traces_per_second = None;
        self
    }

    /// Declares that `request` is answered by the event `reply` rather than by an acknowledgement.
    /// Its handler's span then has the kind SERVER, the counterpart of the browser's CLIENT span
    /// for the same pair. Which event answers is for the client to know: any event emitted while
    /// the request is handled says which request it belongs to.
    #[must_use]
    pub fn answers(
        mut self,
        request: impl Into<Cow<'static, str>>,
        reply: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.edit().answers.insert(request.into(), reply.into());
        self
    }

    /// The name of the namespace in spans and metrics. Default: its path.
    ///
    /// Needed for namespaces registered with `dyn_ns`, whose paths hold ids: pass the template,
    /// for instance `/room/{id}`.
    #[must_use]
    pub fn namespace_template(mut self, template: &str) -> Self {
        self.edit().namespace = Some(template.into());
        self
    }

    /// Takes spans to `provider` instead of the global tracer provider.
    #[must_use]
    pub fn with_tracer_provider(mut self, provider: &impl ObjectSafeTracerProvider) -> Self {
        let source = Source::new(provider, scope());
        self.edit().tracer = Arc::new(Lazy::from(source));
        self
    }

    /// Takes metrics to `provider` instead of the global meter provider.
    #[must_use]
    pub fn with_meter_provider(mut self, provider: &impl MeterProvider) -> Self {
        let instruments = Instruments::new(&provider.meter_with_scope(scope()));
        self.edit().instruments = Arc::new(Lazy::from(instruments));
        self
    }

    /// Marks what takes longer with the span event `socketio.slow`: handlers, and emits whose
    /// acknowledgement is late. The event's time is when the threshold was passed, its attribute
    /// `socketio.slow_threshold_ms` the threshold. Default [`DEFAULT_SLOW_THRESHOLD`]; `None` marks
    /// nothing.
    ///
    /// ```
    /// use std::time::Duration;
    /// use aether_telemetry::socketio::SocketTelemetry;
    ///
    /// let settings = SocketTelemetry::new().slow_threshold(Duration::from_millis(250));
    /// # drop(settings);
    /// ```
    #[must_use]
    pub fn slow_threshold(mut self, threshold: impl Into<Option<Duration>>) -> Self {
        self.edit().slow_threshold = threshold.into();
        self
    }

    /// Adds attributes to the span of every event that is recorded: received ones after the carrier
    /// was taken off and before the handler runs, sent ones before they leave. Replaces an earlier
    /// hook.
    ///
    /// What a hook returns goes to the backend as it is, so it is the hook's duty to keep out what
    /// users type. Keep the names of attributes few. A hook that panics adds nothing; the event
    /// goes on, and the panic is logged.
    ///
    /// ```
    /// use aether_telemetry::socketio::SocketTelemetry;
    /// use opentelemetry::KeyValue;
    ///
    /// let settings = SocketTelemetry::new().attributes(|event| {
    ///     let count = i64::try_from(event.arguments().len()).unwrap_or(i64::MAX);
    ///     vec![KeyValue::new("app.arguments", count)]
    /// });
    /// # drop(settings);
    /// ```
    #[must_use]
    pub fn attributes(
        mut self,
        hook: impl Fn(&EventInfo<'_>) -> Vec<KeyValue> + Send + Sync + 'static,
    ) -> Self {
        self.edit().custom.set_hook(hook);
        self
    }

    /// Records these top-level fields of an event's first object argument as attributes
    /// `socketio.argument.{field}`: numbers, booleans and the first 128 bytes of texts. Nothing else
    /// of an event's content is ever recorded. Default: none. Adds to what was named before.
    ///
    /// ```
    /// use aether_telemetry::socketio::SocketTelemetry;
    ///
    /// let settings = SocketTelemetry::new().argument_fields(["terminalId", "sessionId"]);
    /// # drop(settings);
    /// ```
    #[must_use]
    pub fn argument_fields<I>(mut self, names: I) -> Self
    where
        I: IntoIterator<Item: Into<Cow<'static, str>>>,
    {
        let names = names.into_iter().map(Into::into);
        self.edit().custom.add_fields(names);
        self
    }

    /// Reads and writes these formats of context on Socket.IO. Default: what the running telemetry
    /// was told (`OTEL_PROPAGATORS`), else B3 is written, and B3, W3C trace context and baggage are
    /// read.
    ///
    /// Both forms of B3 are the field `b3` here. `tracestate` and `baggage` are left out where the
    /// carrier would exceed 512 bytes. With empty lists nothing is written but which request an
    /// event answers, and no context is continued; carriers are still taken off.
    ///
    /// ```
    /// use aether_telemetry::socketio::SocketTelemetry;
    /// use aether_telemetry::{Propagator, Propagators};
    ///
    /// let settings = SocketTelemetry::new().propagators(&Propagators {
    ///     inject: vec![Propagator::TraceContext, Propagator::Baggage],
    ///     ..Propagators::default()
    /// });
    /// # drop(settings);
    /// ```
    #[must_use]
    pub fn propagators(mut self, propagators: &Propagators) -> Self {
        let formats = Arc::new(Formats::new(propagators));
        self.edit().formats = Arc::new(Lazy::from(formats));
        self
    }

    fn edit(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.inner)
    }

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

    pub(super) fn instruments(&self) -> &Instruments {
        self.inner
            .instruments
            .get_or_init(|| Instruments::new(&global::meter_with_scope(scope())))
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
        self.inner.tracer.get_or_init(|| Source::global(scope()))
    }
}

impl fmt::Debug for SocketTelemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketTelemetry")
            .field("new_traces_per_second", &self.inner.new_traces_per_second)
            .field("answers", &self.inner.answers)
            .field("namespace", &self.inner.namespace)
            .field("slow_threshold", &self.inner.slow_threshold)
            .field("custom", &self.inner.custom)
            .finish_non_exhaustive()
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("aether-telemetry.socketio")
        .with_version(env!("CARGO_PKG_VERSION"))
        .build()
}
