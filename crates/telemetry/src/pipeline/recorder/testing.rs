//! A pipeline's provider and recorder whose spans can be read.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanLimits};
use prost::Message;

use super::super::sampling::Sampling;
use super::super::spans::Spans;
use super::{Provider, Recorder, Sink};
use crate::config::{Batch, Config, Sampler};
use crate::delivery::Delivery;
use crate::store::Store;

/// So much of everything, whatever a parent says.
pub(crate) fn share(ratio: f64) -> Sampler {
    Sampler {
        ratio,
        parent_based: false,
    }
}

pub(crate) struct Recording {
    pub(crate) provider: Provider,
    /// The same without the quick way.
    pub(crate) sdk: SdkTracerProvider,
    pub(crate) recorder: Arc<Recorder>,
    sink: Sink,
    _delivery: Arc<Delivery>,
}

impl Recording {
    pub(crate) fn new(sampler: Sampler, limits: SpanLimits, value_length: Option<u32>) -> Self {
        let store = Arc::new(Store::new(1 << 20));
        let delivery = Arc::new(Delivery::start(&Config::default(), Some(store)).unwrap());
        // Nothing leaves on its own.
        let batch = Batch {
            delay: Duration::from_secs(3600),
            queue_size: 1000,
            batch_size: 1000,
        };
        let spans = Spans::start(batch, value_length, &delivery).unwrap();
        let sink = spans.sink();
        let sampling = Sampling::new(sampler);
        let recorder = Recorder::new(sampling.clone(), limits, sink.clone());
        let inner = SdkTracerProvider::builder()
            .with_sampler(sampling)
            .with_span_limits(limits)
            .with_span_processor(spans)
            .build();
        Self {
            provider: Provider {
                inner: inner.clone(),
                recorder: Arc::clone(&recorder),
            },
            sdk: inner,
            recorder,
            sink,
            _delivery: delivery,
        }
    }

    /// The spans that ended since the last call, with their attributes in order of their keys.
    pub(crate) fn take(&self) -> Vec<Span> {
        let Some(body) = self.sink.take() else {
            return Vec::new();
        };
        let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
        let resources = request.resource_spans.into_iter();
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        let mut spans: Vec<_> = scopes.flat_map(|scope| scope.spans).collect();
        for span in &mut spans {
            span.attributes.sort_by(|a, b| a.key.cmp(&b.key));
        }
        spans
    }
}
