//! Spans that are written as protobuf while they are made.
//!
//! A span of the SDK is a list of attributes that is built, looked at by the sampler, kept, moved
//! to the processor, encoded and freed. For spans of which there are thousands a second most of
//! that can be left out: what they say is nearly always the same, so it is [encoded once](Piece)
//! and copied into each. What is decided, kept and sent is the same as with the SDK's spans: same
//! sampler, same limits, same batches.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use opentelemetry::trace::{
    Event, Link, Span, SpanContext, SpanId, SpanKind, Status, TraceContextExt, Tracer,
    TracerProvider,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, SamplingDecision, SdkTracer, SdkTracerProvider, ShouldSample,
    SpanLimits,
};

use super::sampling::Sampling;
use super::spans::Sink;
use crate::otlp::encode::{self, Dropped, Head};

/// Makes spans for the pipeline that it belongs to.
#[derive(Debug)]
pub(crate) struct Recorder {
    sampling: Sampling,
    limits: SpanLimits,
    ids: RandomIdGenerator,
    sink: Sink,
}

/// Attributes that a span begins with here, at most. Where fewer are allowed it is for the SDK to
/// choose among them.
const MAX_FIRST: u32 = 16;

/// Bytes that attributes take, nearly always.
const ROOM: usize = 384;

/// Attributes that are encoded already.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    bytes: Box<[u8]>,
    count: u32,
}

impl Recorder {
    pub(super) fn new(sampling: Sampling, limits: SpanLimits, sink: Sink) -> Arc<Self> {
        Arc::new(Self {
            sampling,
            limits,
            ids: RandomIdGenerator::default(),
            sink,
        })
    }

    /// The recorder of the pipeline that `tracer` belongs to, if it is one of ours.
    pub(crate) fn behind<T: Tracer>(tracer: &T) -> Option<Arc<Self>> {
        let question = Question::default();
        // Under a suppressed context nothing is recorded, whosever tracer it is.
        let context = Context::new()
            .with_value(question.clone())
            .with_telemetry_suppressed();
        drop(tracer.build_with_context(Default::default(), &context));
        let recorder = question.0.get().cloned();
        recorder.filter(|recorder| recorder.limits.max_attributes_per_span >= MAX_FIRST)
    }

    /// `attributes`, to be written into many spans.
    pub(crate) fn piece(&self, attributes: &[KeyValue]) -> Piece {
        let mut bytes = Vec::new();
        encode::put_span_attributes(&mut bytes, attributes, self.sink.value_length());
        Piece {
            bytes: bytes.into(),
            // A handful.
            count: attributes.len() as u32,
        }
    }

    /// A span under `parent`, with the attributes that `describe` adds, which is called only if the
    /// span is recorded. `None` where no span may be made: ask the tracer then.
    pub(crate) fn start(
        self: &Arc<Self>,
        scope: &Arc<InstrumentationScope>,
        parent: &Context,
        name: &Arc<str>,
        kind: SpanKind,
        start: SystemTime,
        describe: impl FnOnce(&mut Recorded),
    ) -> Option<Context> {
        if parent.is_telemetry_suppressed() || self.sink.is_closed() {
            return None;
        }
        let above = parent.span();
        let above = above.span_context();
        let span_id = self.ids.new_span_id();
        let trace_id = if above.is_valid() {
            above.trace_id()
        } else {
            self.ids.new_trace_id()
        };
        let sampling = &self.sampling;
        let sampled = sampling.should_sample(Some(parent), trace_id, name, &kind, &[], &[]);
        let above = Some(above).filter(|above| above.is_valid());
        let flags = above.map(SpanContext::trace_flags).unwrap_or_default();
        let is_sampled = sampled.decision == SamplingDecision::RecordAndSample;
        let flags = if is_sampled {
            flags.with_sampled(true)
        } else {
            Default::default()
        };
        let context = SpanContext::new(trace_id, span_id, flags, false, sampled.trace_state);
        if !is_sampled {
            return Some(parent.with_remote_span_context(context));
        }
        let mut span = Recorded {
            recorder: Arc::clone(self),
            scope: Arc::clone(scope),
            context,
            parent: above.map_or(SpanId::INVALID, SpanContext::span_id),
            parent_is_remote: above.is_some_and(SpanContext::is_remote),
            name: Name::Shared(Arc::clone(name)),
            kind,
            start,
            status: Status::Unset,
            encoded: Vec::with_capacity(ROOM),
            attributes: 0,
            events: 0,
            links: 0,
            dropped: Dropped::default(),
            recording: true,
        };
        describe(&mut span);
        Some(parent.with_span(span))
    }
}

/// A span that is being recorded.
#[derive(Debug)]
pub(crate) struct Recorded {
    recorder: Arc<Recorder>,
    scope: Arc<InstrumentationScope>,
    context: SpanContext,
    parent: SpanId,
    parent_is_remote: bool,
    name: Name,
    kind: SpanKind,
    start: SystemTime,
    status: Status,
    /// Attributes, events and links, as they came.
    encoded: Vec<u8>,
    attributes: u32,
    events: u32,
    links: u32,
    dropped: Dropped,
    recording: bool,
}

#[derive(Debug)]
enum Name {
    Shared(Arc<str>),
    Own(Cow<'static, str>),
}

impl Recorded {
    /// Adds attributes that the span begins with: 16 with those of other pieces, at most.
    pub(crate) fn begin_with(&mut self, piece: &Piece) {
        self.attributes += piece.count;
        self.encoded.extend_from_slice(&piece.bytes);
    }

    fn end(&mut self, end: Option<SystemTime>) {
        if !std::mem::take(&mut self.recording) {
            return;
        }
        let head = Head {
            context: &self.context,
            parent: self.parent,
            parent_is_remote: self.parent_is_remote,
            name: match &self.name {
                Name::Shared(name) => name,
                Name::Own(name) => name,
            },
            kind: &self.kind,
            start: self.start,
            end: end.unwrap_or_else(SystemTime::now),
            status: &self.status,
            dropped: self.dropped,
        };
        self.recorder.sink.put(&self.scope, |out| {
            encode::put_head(out, &head);
            out.extend_from_slice(&self.encoded);
        });
    }
}

/// Counts one more of what there may be `limit` of; says whether there is room.
fn counted(count: &mut u32, limit: u32, dropped: &mut u32) -> bool {
    let fits = *count < limit;
    *(if fits { count } else { dropped }) += 1;
    fits
}

/// Keeps the first `limit` and says how many were more.
fn limited(mut attributes: Vec<KeyValue>, limit: u32) -> (Vec<KeyValue>, u32) {
    let more = attributes.len().saturating_sub(limit as usize);
    attributes.truncate(limit as usize);
    (attributes, u32::try_from(more).unwrap_or(u32::MAX))
}

impl Span for Recorded {
    fn add_event_with_timestamp<T>(&mut self, name: T, time: SystemTime, list: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        let limits = &self.recorder.limits;
        let limit = limits.max_events_per_span;
        if self.recording && counted(&mut self.events, limit, &mut self.dropped.events) {
            let (list, more) = limited(list, limits.max_attributes_per_event);
            let event = Event::new(name, time, list, more);
            encode::put_event(&mut self.encoded, &event, self.recorder.sink.value_length());
        }
    }

    fn span_context(&self) -> &SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.recording
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        let limit = self.recorder.limits.max_attributes_per_span;
        if self.recording && counted(&mut self.attributes, limit, &mut self.dropped.attributes) {
            let length = self.recorder.sink.value_length();
            encode::put_span_attributes(&mut self.encoded, &[attribute], length);
        }
    }

    fn set_status(&mut self, status: Status) {
        // OK is better than an error, and either better than nothing.
        if self.recording && status > self.status {
            self.status = status;
        }
    }

    fn update_name<T: Into<Cow<'static, str>>>(&mut self, name: T) {
        if self.recording {
            self.name = Name::Own(name.into());
        }
    }

    fn add_link(&mut self, context: SpanContext, list: Vec<KeyValue>) {
        let limits = &self.recorder.limits;
        let limit = limits.max_links_per_span;
        if self.recording && counted(&mut self.links, limit, &mut self.dropped.links) {
            let (list, more) = limited(list, limits.max_attributes_per_link);
            let link = Link::new(context, list, more);
            encode::put_link(&mut self.encoded, &link, self.recorder.sink.value_length());
        }
    }

    fn end_with_timestamp(&mut self, time: SystemTime) {
        self.end(Some(time));
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.end(None);
    }
}

/// In a context: "whose tracer is this?"
#[derive(Clone, Debug, Default)]
struct Question(Arc<OnceLock<Arc<Recorder>>>);

/// The pipeline's provider, whose tracers say that they are ours.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(super) inner: SdkTracerProvider,
    pub(super) recorder: Arc<Recorder>,
}

/// A tracer of [`Provider`].
#[derive(Debug)]
pub(crate) struct OwnTracer {
    inner: SdkTracer,
    recorder: Arc<Recorder>,
}

impl TracerProvider for Provider {
    type Tracer = OwnTracer;

    fn tracer_with_scope(&self, scope: InstrumentationScope) -> OwnTracer {
        OwnTracer {
            inner: self.inner.tracer_with_scope(scope),
            recorder: Arc::clone(&self.recorder),
        }
    }
}

impl Tracer for OwnTracer {
    type Span = opentelemetry_sdk::trace::Span;

    fn build_with_context(
        &self,
        builder: opentelemetry::trace::SpanBuilder,
        parent: &Context,
    ) -> Self::Span {
        // Only a question is asked under a suppressed context, so this costs spans nothing.
        if parent.is_telemetry_suppressed()
            && let Some(question) = parent.get::<Question>()
        {
            // Answered before by nobody else.
            let _ = question.0.set(Arc::clone(&self.recorder));
        }
        self.inner.build_with_context(builder, parent)
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
