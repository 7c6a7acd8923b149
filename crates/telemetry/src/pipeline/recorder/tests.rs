use std::time::{Duration, UNIX_EPOCH};

use opentelemetry::trace::noop::NoopTracerProvider;
use opentelemetry::trace::{SpanBuilder, TraceFlags, TraceId, TraceState};
use opentelemetry_proto::tonic::trace::v1::Span as ProtoSpan;
use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler as SdkSampler};

use super::testing::{Recording, share};
use super::*;
use crate::config::Sampler;

fn scope() -> Arc<InstrumentationScope> {
    Arc::new(InstrumentationScope::builder("test").build())
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn parent(sampled: bool) -> Context {
    let flags = TraceFlags::default().with_sampled(sampled);
    let state = TraceState::from_key_value([("vendor", "1")]).unwrap();
    let context = SpanContext::new(TraceId::from(7), SpanId::from(8), flags, true, state);
    Context::new().with_remote_span_context(context)
}

fn first() -> Vec<KeyValue> {
    vec![KeyValue::new("text", "abcdef"), KeyValue::new("number", 5)]
}

/// A span as the recorder makes it, and one as the SDK does.
fn both(recording: &Recording, parent: &Context) -> [Context; 2] {
    let piece = recording.recorder.piece(&first());
    let kind = SpanKind::Server;
    let recorded = recording.recorder.start(
        &scope(),
        parent,
        &"name".into(),
        kind.clone(),
        at(1),
        |span| {
            span.begin_with(&piece);
        },
    );
    let builder = SpanBuilder::from_name("name")
        .with_kind(kind)
        .with_start_time(at(1))
        .with_attributes(first());
    let tracer = recording.provider.tracer("test");
    let built = parent.with_span(tracer.build_with_context(builder, parent));
    [recorded.unwrap(), built]
}

/// The spans, which must be those of [`both`], without what is random.
fn comparable(recording: &Recording) -> [ProtoSpan; 2] {
    let mut spans = recording.take();
    for span in &mut spans {
        assert_eq!(std::mem::take(&mut span.span_id).len(), 8);
        if span.parent_span_id.is_empty() {
            assert_eq!(std::mem::take(&mut span.trace_id).len(), 16);
        }
    }
    spans.try_into().unwrap()
}

#[test]
fn spans_are_what_the_sdk_would_make() {
    let limits = SpanLimits {
        max_attributes_per_span: 16,
        max_events_per_span: 2,
        max_links_per_span: 2,
        max_attributes_per_event: 1,
        max_attributes_per_link: 1,
    };
    let act = |context: &Context| {
        let span = context.span();
        for index in 0..20 {
            span.set_attribute(KeyValue::new(format!("more {index:02}"), "é".repeat(9)));
        }
        for name in ["one", "two", "three"] {
            span.add_event_with_timestamp(name, at(2), first());
            span.add_link(parent(true).span().span_context().clone(), first());
        }
        span.set_status(Status::error("bad"));
        span.set_status(Status::Unset);
        span.update_name("other");
    };
    for value_length in [None, Some(4)] {
        let recording = Recording::new(share(1.0), limits, value_length);
        for parent in [Context::new(), parent(true), parent(false)] {
            let contexts = both(&recording, &parent);
            for context in &contexts {
                assert!(context.span().is_recording());
                act(context);
                context.span().end_with_timestamp(at(3));
                assert!(!context.span().is_recording());
                act(context);
                context.span().end_with_timestamp(at(4));
            }
            drop(contexts);
            let [one, other] = comparable(&recording);
            assert_eq!(one, other);
            assert_eq!((one.events.len(), one.dropped_links_count), (2, 1));
            assert_eq!(one.dropped_attributes_count, 6);
        }
    }
}

#[test]
fn a_span_that_is_dropped_ends() {
    let recording = Recording::new(share(1.0), SpanLimits::default(), None);
    drop(both(&recording, &Context::new()));
    let [mut one, mut other] = comparable(&recording);
    for span in [&mut one, &mut other] {
        assert!(span.end_time_unix_nano > span.start_time_unix_nano);
        span.end_time_unix_nano = 0;
    }
    assert_eq!(one, other);
}

#[test]
fn the_sampler_decides_as_for_the_sdk() {
    let root = [0.0, 1e-9, 1.0].map(share);
    let under_parents = root.map(|sampler| Sampler {
        parent_based: true,
        ..sampler
    });
    for sampler in root.into_iter().chain(under_parents) {
        let recording = Recording::new(sampler, SpanLimits::default(), None);
        for parent in [Context::new(), parent(true), parent(false)] {
            let [one, other] = both(&recording, &parent).map(|context| {
                assert!(context.has_active_span());
                let span = context.span();
                let context = span.span_context();
                assert!(context.is_valid() && !context.is_remote());
                let state = context.trace_state().header();
                let trace = Some(context.trace_id()).filter(|id| *id == TraceId::from(7));
                (span.is_recording(), context.trace_flags(), state, trace)
            });
            assert_eq!(one, other, "{sampler:?} {parent:?}");
        }
    }
}

#[test]
fn what_is_not_recorded_is_not_described() {
    let recording = Recording::new(share(0.0), SpanLimits::default(), None);
    let (recorder, kind) = (&recording.recorder, SpanKind::Server);
    let name = "name".into();
    let context = recorder.start(&scope(), &Context::new(), &name, kind, at(1), |_| {
        panic!("asked")
    });
    drop(context.unwrap());
    assert_eq!(recording.take(), []);
}

#[test]
fn where_no_span_may_be_made_there_is_none() {
    let recording = Recording::new(share(1.0), SpanLimits::default(), None);
    let start = |parent: &Context| {
        let name = "name".into();
        let recorder = &recording.recorder;
        recorder.start(&scope(), parent, &name, SpanKind::Server, at(1), |_| {})
    };
    assert!(start(&Context::new().with_telemetry_suppressed()).is_none());
    assert!(start(&Context::new()).is_some());
    recording.sdk.shutdown().unwrap();
    assert!(start(&Context::new()).is_none());
}

#[test]
fn a_tracer_of_ours_is_known_and_asking_leaves_no_span() {
    let recording = Recording::new(share(1.0), SpanLimits::default(), None);
    let found = Recorder::behind(&recording.provider.tracer("test")).unwrap();
    assert!(Arc::ptr_eq(&found, &recording.recorder));
    assert_eq!(recording.take(), []);

    let exporter = InMemorySpanExporter::default();
    let foreign = SdkTracerProvider::builder()
        .with_sampler(SdkSampler::AlwaysOn)
        .with_simple_exporter(exporter.clone())
        .build();
    assert!(Recorder::behind(&foreign.tracer("test")).is_none());
    assert_eq!(exporter.get_finished_spans().unwrap(), []);
    assert!(Recorder::behind(&NoopTracerProvider::new().tracer("test")).is_none());

    let few = SpanLimits {
        max_attributes_per_span: 15,
        ..SpanLimits::default()
    };
    let few = Recording::new(share(1.0), few, None);
    assert!(Recorder::behind(&few.provider.tracer("test")).is_none());
}
