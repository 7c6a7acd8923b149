//! Settings: what an application chooses.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::global::ObjectSafeTracerProvider;
use opentelemetry::metrics::MeterProvider;

use super::custom::{Custom, EventInfo};
use super::effect::scope;
use super::instruments::Instruments;
use super::limit::Limiter;
use super::names::Names;
use super::quota::Quota;
use crate::config::Propagators;
use crate::pipeline::Formats;
use crate::provided::Provided;

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
    pub(super) inner: Arc<Inner>,
}

#[derive(Clone)]
pub(super) struct Inner {
    pub(super) new_traces_per_second: Option<u32>,
    /// Declared requests and the events that answer them.
    pub(super) answers: BTreeMap<Cow<'static, str>, Cow<'static, str>>,
    pub(super) namespace: Option<Arc<str>>,
    pub(super) provided: Provided<Instruments>,
    pub(super) formats: Arc<Lazy<Arc<Formats>>>,
    pub(super) slow_threshold: Option<Duration>,
    pub(super) log_quota: Arc<Quota>,
    pub(super) custom: Custom,
    pub(super) names: Arc<Names>,
    /// For broadcasts that no socket emits.
    pub(super) limiter: Arc<Limiter>,
}

/// A value made at first use, or given.
pub(super) type Lazy<T> = OnceLock<T>;

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
                provided: Provided::new(scope, Instruments::new),
                formats: Arc::default(),
                slow_threshold: Some(DEFAULT_SLOW_THRESHOLD),
                log_quota: Arc::default(),
                custom: Custom::default(),
                names: Arc::default(),
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
    ///
    /// ```
    /// # use aether_telemetry::socketio::SocketTelemetry;
    /// let only_joined = SocketTelemetry::new().new_traces_per_second(0);
    /// # drop(only_joined);
    /// ```
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
    ///
    /// ```
    /// # use aether_telemetry::socketio::SocketTelemetry;
    /// let settings = SocketTelemetry::new()
    ///     .answers("terminal:create", "terminal:created");
    /// # drop(settings);
    /// ```
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
    /// Needed for namespaces registered with `dyn_ns`, whose paths hold ids: socketioxide does not
    /// tell handlers which template matched, so pass it here once more.
    ///
    /// ```
    /// use aether_telemetry::socketio::{SocketTelemetry, traced_connect};
    /// use socketioxide::SocketIo;
    ///
    /// let (_layer, io) = SocketIo::new_layer();
    /// let settings = SocketTelemetry::new().namespace_template("/room/{id}");
    /// io.dyn_ns("/room/{id}", traced_connect(settings, async || {}))?;
    /// # Ok::<(), socketioxide::NsInsertError>(())
    /// ```
    #[must_use]
    pub fn namespace_template(mut self, template: &str) -> Self {
        self.edit().namespace = Some(template.into());
        self
    }

    /// Takes spans to `provider` instead of the global tracer provider.
    ///
    /// ```
    /// use aether_telemetry::socketio::SocketTelemetry;
    /// use opentelemetry_sdk::trace::SdkTracerProvider;
    ///
    /// let provider = SdkTracerProvider::builder().build();
    /// let settings = SocketTelemetry::new().with_tracer_provider(&provider);
    /// # drop(settings);
    /// ```
    #[must_use]
    pub fn with_tracer_provider(mut self, provider: &impl ObjectSafeTracerProvider) -> Self {
        let inner = self.edit();
        inner.provided.take_spans_to(provider);
        // They hold what was encoded for the other provider.
        inner.names = Arc::default();
        self
    }

    /// Takes metrics to `provider` instead of the global meter provider: `socketio.connections`
    /// (`{connection}`), `messaging.process.duration` and `messaging.client.operation.duration` (`s`),
    /// `aether.socketio.unsampled_traces` (`{trace}`).
    ///
    /// ```
    /// use aether_telemetry::socketio::SocketTelemetry;
    /// use opentelemetry_sdk::metrics::SdkMeterProvider;
    ///
    /// let provider = SdkMeterProvider::builder().build();
    /// let settings = SocketTelemetry::new().with_meter_provider(&provider);
    /// # drop(settings);
    /// ```
    #[must_use]
    pub fn with_meter_provider(mut self, provider: &impl MeterProvider) -> Self {
        self.edit().provided.take_metrics_to(provider);
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
