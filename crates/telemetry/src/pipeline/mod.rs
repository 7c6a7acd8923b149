//! The OpenTelemetry SDK of this process: providers, resource, propagation, and the layer that
//! joins `tracing` to it. Everything it makes leaves through the delivery's intake.

mod fields;
mod gate;
mod layer;
mod logs;
mod machine;
mod metrics;
mod panics;
mod prometheus;
mod propagator;
mod recorder;
mod resource;
mod sampling;
mod spans;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::global;
use opentelemetry_otlp::{
    LogExporter, MetricExporter, Protocol, RetryPolicy, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanLimits};

use crate::config::{self, Limits};
use crate::delivery::{Delivery, IntakeClient};
use crate::otlp::limit::Limit;
use crate::{Config, Signal};

pub(crate) use layer::layer;
pub(crate) use panics::install as install_panic_hook;
pub(crate) use prometheus::{CONTENT_TYPE as PROMETHEUS_TYPE, Exposition};
pub(crate) use propagator::{Formats, formats, read_order};
#[cfg(test)]
pub(crate) use recorder::testing;
pub(crate) use recorder::{Piece, Recorded, Recorder};
pub(crate) use resource::{Identity, detect as detect_resource};
pub(crate) use sampling::Sampling;
use spans::Spans;

/// The providers; `None` where no destination takes the signal.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) resource: Resource,
    pub(crate) tracer: SdkTracerProvider,
    pub(crate) sampling: Sampling,
    pub(crate) logger: Option<SdkLoggerProvider>,
    meter: Option<SdkMeterProvider>,
    /// What Prometheus scrapes.
    pub(crate) exposition: Exposition,
}

impl Pipeline {
    /// Builds the providers and makes them the global ones.
    ///
    /// # Errors
    /// A sentence saying which exporter could not be built, or that there is no thread.
    pub(crate) fn start(
        config: &Config,
        identity: &Identity,
        delivery: &Arc<Delivery>,
    ) -> Result<Self, String> {
        let resource = resource::detect(config, identity);

        let spans = Spans::start(config.spans, config.limits.span_value_length, delivery)?;
        let sampling = Sampling::new(config.sampler);
        let limits = span_limits(&config.limits);
        let recorder = Recorder::new(sampling.clone(), limits, spans.sink());
        let tracer = SdkTracerProvider::builder()
            .with_sampler(sampling.clone())
            .with_span_limits(limits)
            .with_resource(resource.clone())
            .with_span_processor(spans)
            .build();

        let logger = if delivery.takes(Signal::Logs) {
            let logs = with_intake(
                LogExporter::builder().with_http(),
                Signal::Logs,
                config,
                delivery,
            )
            .build()
            .map_err(|error| failed(&error))?;
            let logs = gate::logs(logs, &config.logs, delivery.counters());
            let provider = SdkLoggerProvider::builder()
                .with_resource(resource.clone())
                .with_log_processor(logs);
            Some(provider.build())
        } else {
            None
        };

        let (exposition, scraped) = if config.prometheus {
            let (exposition, reader) = Exposition::of_everything()?;
            (exposition, Some(reader))
        } else {
            (Exposition::of_health(&resource, delivery)?, None)
        };
        let sent = delivery
            .takes(Signal::Metrics)
            .then(|| metric_reader(config, delivery))
            .transpose()?;
        let meter = (sent.is_some() || scraped.is_some()).then(|| {
            let mut provider = SdkMeterProvider::builder().with_resource(resource.clone());
            if let Some(reader) = sent {
                provider = provider.with_reader(reader);
            }
            if let Some(reader) = scraped {
                provider = provider.with_reader(reader);
            }
            if config.exponential_histograms {
                provider = provider.with_view(metrics::exponential);
            }
            let provider = provider.build();
            metrics::observe(&provider, delivery);
            global::set_meter_provider(provider.clone());
            provider
        });

        global::set_tracer_provider(recorder::Provider {
            inner: tracer.clone(),
            recorder,
        });
        propagator::install(propagator::build(&config.propagators));
        Ok(Self {
            resource,
            tracer,
            sampling,
            logger,
            meter,
            exposition,
        })
    }

    /// Stops the providers, which hand over what they hold. Blocks, for `timeout` per provider at
    /// most where the SDK keeps to it.
    pub(crate) fn stop(&self, timeout: Duration) {
        // Errors mean "already stopped" or "took too long"; what is lost then is reported by the
        // SDK's own log.
        let _ = self.tracer.shutdown_with_timeout(timeout);
        if let Some(logger) = &self.logger {
            let _ = logger.shutdown_with_timeout(timeout);
        }
        if let Some(meter) = &self.meter {
            let _ = meter.shutdown_with_timeout(timeout);
        }
    }

    /// Hands over what the providers hold. Blocks.
    pub(crate) fn flush(&self) {
        let _ = self.tracer.force_flush();
        if let Some(logger) = &self.logger {
            let _ = logger.force_flush();
        }
        if let Some(meter) = &self.meter {
            let _ = meter.force_flush();
        }
    }
}

/// Sends what is measured, at intervals.
fn metric_reader(
    config: &Config,
    delivery: &Arc<Delivery>,
) -> Result<PeriodicReader<MetricExporter>, String> {
    let temporality = match config.metric_temporality {
        config::Temporality::Cumulative => Temporality::Cumulative,
        config::Temporality::Delta => Temporality::Delta,
        config::Temporality::LowMemory => Temporality::LowMemory,
    };
    let builder = MetricExporter::builder()
        .with_http()
        .with_temporality(temporality);
    let exporter = with_intake(builder, Signal::Metrics, config, delivery)
        .build()
        .map_err(|error| failed(&error))?;
    Ok(PeriodicReader::builder(exporter)
        .with_interval(config.metric_interval)
        .build())
}

fn failed(error: &opentelemetry_otlp::ExporterBuildError) -> String {
    format!("no OTLP exporter: {error}")
}

/// Points an exporter at the intake. The endpoint is never contacted; retries happen behind the
/// intake, so the SDK must not add its own.
fn with_intake<B: WithHttpConfig + WithExportConfig>(
    builder: B,
    signal: Signal,
    config: &Config,
    delivery: &Arc<Delivery>,
) -> B {
    let client = IntakeClient {
        signal,
        limit: Limit::of(signal, &config.limits),
        delivery: Arc::downgrade(delivery),
    };
    builder
        .with_http_client(client)
        .with_retry_policy(RetryPolicy::disabled())
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(Duration::from_secs(10))
        .with_endpoint(format!("http://intake.invalid{}", signal.path()))
}

/// The limits that the SDK keeps by itself. Given in full, because it would read the environment
/// for those that are missing.
fn span_limits(limits: &Limits) -> SpanLimits {
    SpanLimits {
        max_events_per_span: limits.span_events,
        max_attributes_per_span: limits.span_attributes,
        max_links_per_span: limits.span_links,
        max_attributes_per_event: limits.event_attributes,
        max_attributes_per_link: limits.link_attributes,
    }
}
