use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::trace::{Tracer, TracerProvider};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use prost::Message;

use super::*;
use crate::config::Config;
use crate::delivery::Outcome;
use crate::store::Store;

/// A delivery into a store, which counts what it gets.
fn delivery() -> Arc<Delivery> {
    let store = Arc::new(Store::new(1 << 20));
    Arc::new(Delivery::start(&Config::default(), Some(store)).unwrap())
}

fn count(delivery: &Delivery, outcome: Outcome, reason: &str) -> u64 {
    let counts = delivery.counters().snapshot().into_iter();
    counts
        .filter(|count| count.outcome == outcome && count.reason == reason)
        .map(|count| count.value)
        .sum()
}

/// Never on its own, so that nothing depends on time.
fn settings(queue_size: usize, batch_size: usize) -> Settings {
    Settings {
        delay: Duration::from_secs(3600),
        queue_size,
        batch_size,
    }
}

fn provider(delivery: &Arc<Delivery>, settings: Settings) -> SdkTracerProvider {
    let spans = Spans::start(settings, None, delivery).unwrap();
    SdkTracerProvider::builder()
        .with_span_processor(spans)
        .build()
}

fn record(provider: &SdkTracerProvider, spans: usize) {
    let tracer = provider.tracer("test");
    for _ in 0..spans {
        drop(tracer.start("span"));
    }
}

#[test]
fn a_flush_hands_over_what_has_ended() {
    let delivery = delivery();
    let provider = provider(&delivery, settings(100, 10));
    record(&provider, 3);
    assert_eq!(count(&delivery, Outcome::Accepted, ""), 0);
    provider.force_flush().unwrap();
    assert_eq!(count(&delivery, Outcome::Accepted, ""), 3);
}

#[test]
fn full_batches_go_without_being_asked() {
    let delivery = delivery();
    let provider = provider(&delivery, settings(100, 10));
    record(&provider, 25);
    // The thread gets there; what it has not yet taken is still full.
    while count(&delivery, Outcome::Accepted, "") < 20 {
        thread::yield_now();
    }
    assert_eq!(count(&delivery, Outcome::Accepted, ""), 20);
    provider.shutdown().unwrap();
    assert_eq!(count(&delivery, Outcome::Accepted, ""), 25);
}

#[test]
fn an_open_batch_goes_when_the_delay_is_over() {
    let delivery = delivery();
    let soon = Settings {
        delay: Duration::from_millis(1),
        ..settings(100, 10)
    };
    let provider = provider(&delivery, soon);
    record(&provider, 3);
    while count(&delivery, Outcome::Accepted, "") < 3 {
        thread::yield_now();
    }
}

#[test]
fn what_does_not_fit_is_counted() {
    let delivery = delivery();
    let provider = provider(&delivery, settings(5, 10));
    record(&provider, 8);
    provider.force_flush().unwrap();
    assert_eq!(count(&delivery, Outcome::Accepted, ""), 5);
    assert_eq!(count(&delivery, Outcome::Dropped, "sdk_queue_full"), 3);
    record(&provider, 1);
    provider.force_flush().unwrap();
    assert_eq!(count(&delivery, Outcome::Accepted, ""), 6);
}

#[test]
fn the_thread_ends_with_the_processor() {
    let delivery = delivery();
    let spans = Spans::start(settings(100, 10), None, &delivery).unwrap();
    let shared = Arc::downgrade(&spans.shared);
    drop(spans);
    while shared.strong_count() > 0 {
        thread::yield_now();
    }
}

#[test]
fn threads_share_a_batch() {
    let delivery = delivery();
    let provider = provider(&delivery, settings(100_000, 64));
    let ended = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                record(&provider, 500);
                ended.fetch_add(500, Ordering::Relaxed);
            });
        }
    });
    provider.force_flush().unwrap();
    let sum =
        count(&delivery, Outcome::Accepted, "") + count(&delivery, Outcome::Dropped, "trace_full");
    assert_eq!(sum, ended.into_inner());
}

#[test]
fn a_request_is_what_the_sdks_exporter_would_send() {
    let memory = InMemorySpanExporter::default();
    let recorder = SdkTracerProvider::builder()
        .with_simple_exporter(memory.clone())
        .build();
    let scope = InstrumentationScope::builder("versioned")
        .with_version("1")
        .with_schema_url("https://schema.example")
        .with_attributes([KeyValue::new("key", 1)])
        .build();
    for tracer in [recorder.tracer("plain"), recorder.tracer_with_scope(scope)] {
        drop(tracer.start("one"));
        drop(tracer.start("two"));
    }
    let resource = Resource::builder_empty()
        .with_schema_url(
            [KeyValue::new("service.name", "test")],
            "https://resource.example",
        )
        .build();

    let mut open = Open::default();
    let schema = resource.schema_url().unwrap_or_default();
    open.set_resource(&encode::resource(&resource), schema);
    let spans = memory.get_finished_spans().unwrap();
    for span in &spans {
        let mut encoded = Vec::new();
        encode::put_span(&mut encoded, SPANS, span, usize::MAX);
        open.add(&span.instrumentation_scope, &encoded);
    }
    let request = open.take().unwrap();
    let expected = ExportTraceServiceRequest {
        resource_spans: group_spans_by_resource_and_scope(
            spans,
            &ResourceAttributesWithSchema::from(&resource),
        ),
    };
    assert_eq!(request.spans, 4);
    assert_eq!(
        ExportTraceServiceRequest::decode(request.body.as_slice()).unwrap(),
        expected
    );
    assert_eq!(open.take(), None, "nothing is left");
}
