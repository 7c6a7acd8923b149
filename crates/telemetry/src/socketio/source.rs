//! Where spans go, and whether that is anywhere.

use std::fmt;
use std::sync::Arc;

use opentelemetry::global::{self, BoxedSpan, BoxedTracer, ObjectSafeTracerProvider};
use opentelemetry::trace::{
    Span, SpanBuilder, SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState,
    Tracer,
};
use opentelemetry::{Context, InstrumentationScope};

use crate::pipeline::Recorder;

/// A tracer that knows whether anything listens to it.
pub(crate) struct Source {
    tracer: BoxedTracer,
    enabled: bool,
    recorder: Option<Arc<Recorder>>,
    scope: Arc<InstrumentationScope>,
}

impl Source {
    /// The tracer of the global provider, as it is now.
    pub(crate) fn global(scope: InstrumentationScope) -> Self {
        Self::from_tracer(global::tracer_with_scope(scope.clone()), scope)
    }

    pub(crate) fn new(
        provider: &impl ObjectSafeTracerProvider,
        scope: InstrumentationScope,
    ) -> Self {
        let tracer = BoxedTracer::new(provider.boxed_tracer(scope.clone()));
        Self::from_tracer(tracer, scope)
    }

    fn from_tracer(tracer: BoxedTracer, scope: InstrumentationScope) -> Self {
        // The do-nothing tracer hands back the context it was given; any other makes a new span.
        // Under a suppressed context not even a recorder records the question.
        let span_id = SpanId::from(1);
        let parent = SpanContext::new(
            TraceId::from(1),
            span_id,
            TraceFlags::NOT_SAMPLED,
            true,
            TraceState::NONE,
        );
        let parent = Context::new()
            .with_remote_span_context(parent)
            .with_telemetry_suppressed();
        let probe = tracer.build_with_context(SpanBuilder::default(), &parent);
        let enabled = probe.span_context().span_id() != span_id;
        Self {
            recorder: Recorder::behind(&tracer),
            scope: Arc::new(scope),
            tracer,
            enabled,
        }
    }

    /// Whether spans go anywhere. When not, contexts still travel, but no span is described.
    pub(crate) const fn enabled(&self) -> bool {
        self.enabled
    }

    /// The quick way, where the spans go to our own pipeline, with the scope to name.
    pub(crate) fn recorder(&self) -> Option<(&Arc<Recorder>, &Arc<InstrumentationScope>)> {
        Some((self.recorder.as_ref()?, &self.scope))
    }

    pub(crate) fn start(&self, builder: SpanBuilder, parent: &Context) -> BoxedSpan {
        self.tracer.build_with_context(builder, parent)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::noop::NoopTracerProvider;
    use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler, SdkTracerProvider};

    use super::*;

    #[test]
    fn only_a_tracer_that_makes_spans_counts_as_enabled() {
        let scope = InstrumentationScope::builder("test").build();
        assert!(!Source::new(&NoopTracerProvider::new(), scope.clone()).enabled());
        let exporter = InMemorySpanExporter::default();
        for sampler in [Sampler::AlwaysOn, Sampler::AlwaysOff] {
            let provider = SdkTracerProvider::builder()
                .with_sampler(sampler)
                .with_simple_exporter(exporter.clone())
                .build();
            assert!(Source::new(&provider, scope.clone()).enabled());
        }
        assert_eq!(
            exporter.get_finished_spans().unwrap(),
            [],
            "asking leaves no span"
        );
    }
}
