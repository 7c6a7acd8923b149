//! Providers whose spans and metrics stay here to be looked at.

use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

use crate::spans::Spans;

pub(crate) struct Providers {
    pub(crate) spans: Spans,
    pub(crate) tracers: SdkTracerProvider,
    pub(crate) metrics: InMemoryMetricExporter,
    pub(crate) meters: SdkMeterProvider,
}

impl Providers {
    pub(crate) fn new() -> Self {
        let spans = Spans::default();
        let tracers = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
            .with_simple_exporter(spans.clone())
            .build();
        let metrics = InMemoryMetricExporter::default();
        let meters = SdkMeterProvider::builder()
            .with_reader(PeriodicReader::builder(metrics.clone()).build())
            .build();
        Self {
            spans,
            tracers,
            metrics,
            meters,
        }
    }
}
