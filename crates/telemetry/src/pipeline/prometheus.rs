//! Metrics as text, for Prometheus to scrape.
//!
//! <https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/prometheus/>. Without being asked
//! for more, only the health of telemetry itself is there: its values are read when somebody asks
//! and cost nothing in between.

use std::sync::Arc;

use opentelemetry_prometheus::PrometheusExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};

use super::metrics;
use crate::delivery::Delivery;

/// The content type of [`Exposition::text`].
pub(crate) const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// What can be scraped.
#[derive(Debug)]
pub(crate) struct Exposition {
    registry: Registry,
    /// Keeps the instruments of health where the program's own provider does not have them.
    _health: Option<SdkMeterProvider>,
}

impl Exposition {
    /// All metrics of the provider that is built with the reader returned here.
    pub(super) fn of_everything() -> Result<(Self, PrometheusExporter), String> {
        let registry = Registry::new();
        let reader = reader(&registry)?;
        let exposition = Self {
            registry,
            _health: None,
        };
        Ok((exposition, reader))
    }

    /// The health of telemetry alone.
    pub(super) fn of_health(resource: &Resource, delivery: &Arc<Delivery>) -> Result<Self, String> {
        let registry = Registry::new();
        let provider = SdkMeterProvider::builder()
            .with_resource(resource.clone())
            .with_reader(reader(&registry)?)
            .build();
        metrics::observe(&provider, delivery);
        Ok(Self {
            registry,
            _health: Some(provider),
        })
    }

    /// Every metric in Prometheus's text format 0.0.4.
    ///
    /// # Errors
    /// A sentence, where a metric has no such form.
    pub(crate) fn text(&self) -> Result<String, String> {
        let families = self.registry.gather();
        let text = TextEncoder::new().encode_to_string(&families);
        text.map_err(|error| format!("the metrics have no text form: {error}"))
    }
}

fn reader(registry: &Registry) -> Result<PrometheusExporter, String> {
    opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()
        .map_err(|error| format!("no exporter for Prometheus: {error}"))
}
