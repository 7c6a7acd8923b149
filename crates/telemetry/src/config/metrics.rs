//! How metrics are collected: `OTEL_METRIC_*`, temporality, histograms.
//!
//! <https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/otlp/>

use std::time::Duration;

use super::hosts::is_datadog;
use super::reader::Reader;
use super::{Destination, parse};
use crate::Signal;

/// Default of [`Config::metric_interval`](crate::Config::metric_interval).
pub(super) const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);

/// Whether sums are totals since the start or what came since the last export.
///
/// <https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/otlp/#additional-environment-variable-configuration>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Temporality {
    /// `cumulative`: totals.
    #[default]
    Cumulative,
    /// `delta`: differences for counters and histograms; up-down counters stay totals.
    Delta,
    /// `lowmemory`: differences for the instruments that are counted up by calls; observed ones
    /// stay totals.
    LowMemory,
}

/// Interval between exports.
pub(super) fn interval(reader: &mut Reader<'_>) -> Duration {
    reader.value("OTEL_METRIC_EXPORT_TIMEOUT", parse::milliseconds);
    reader
        .value("OTEL_METRIC_EXPORT_INTERVAL", parse::milliseconds)
        .unwrap_or(DEFAULT_INTERVAL)
}

/// As asked for; otherwise deltas where an endpoint is Datadog's, which takes nothing else.
pub(super) fn temporality(reader: &mut Reader<'_>, destinations: &[Destination]) -> Temporality {
    let asked = reader.value(
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        |text| match text.to_ascii_lowercase().as_str() {
            "cumulative" => Ok(Temporality::Cumulative),
            "delta" => Ok(Temporality::Delta),
            "lowmemory" => Ok(Temporality::LowMemory),
            _ => Err("expected `cumulative`, `delta` or `lowmemory`".to_owned()),
        },
    );
    let endpoints = destinations.iter();
    let datadog = endpoints
        .filter_map(|destination| destination.endpoints.get(&Signal::Metrics))
        .any(|endpoint| is_datadog(&endpoint.url));
    match asked {
        Some(Temporality::Cumulative) if datadog => {
            reader.warning(
                "metrics are sent as totals, which Datadog does not take; leave OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE out, or set it to delta"
                    .to_owned(),
            );
            Temporality::Cumulative
        }
        Some(asked) => asked,
        None if datadog => Temporality::Delta,
        None => Temporality::Cumulative,
    }
}

/// Whether histograms have exponential buckets.
pub(super) fn exponential(reader: &mut Reader<'_>) -> bool {
    reader
        .value(
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            |text| match text.to_ascii_lowercase().as_str() {
                "explicit_bucket_histogram" => Ok(false),
                "base2_exponential_bucket_histogram" => Ok(true),
                _ => Err(
                    "expected `explicit_bucket_histogram` or `base2_exponential_bucket_histogram`"
                        .to_owned(),
                ),
            },
        )
        .unwrap_or_default()
}

/// Exemplars can be asked for, and are not recorded.
pub(super) fn exemplars(reader: &mut Reader<'_>) {
    const EXEMPLARS: &str = "OTEL_METRICS_EXEMPLAR_FILTER";
    let wanted = reader.value(EXEMPLARS, |text| match text.to_ascii_lowercase().as_str() {
        "always_off" => Ok(false),
        "always_on" | "trace_based" => Ok(true),
        _ => Err("expected `always_on`, `always_off` or `trace_based`".to_owned()),
    });
    if wanted == Some(true)
        && let Some(found) = reader.find(EXEMPLARS)
    {
        reader.warning(format!(
            "{} asks for exemplars, which are not recorded; set it to always_off to silence this",
            found.place
        ));
    }
}
