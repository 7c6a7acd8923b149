//! From variables to a [`Config`].

use std::collections::BTreeSet;

use super::hosts::is_datadog;
use super::reader::{Lookup, Reader};
use super::{
    Batch, Config, ConfigError, DEFAULT_MAX_REQUEST_BYTES, DEFAULT_QUEUE_BYTES,
    DEFAULT_STORE_BYTES, PROMPT_SPAN_DELAY, Propagator, Propagators, Sampler,
};
use super::{endpoint, exporters, limits, parse};
use crate::Signal;

use tracing::level_filters::LevelFilter;

pub(super) fn read(lookup: Lookup<'_>) -> Result<Config, ConfigError> {
    let mut reader = Reader::new(lookup);
    let on = reader.value("OTEL_ENABLED", parse::boolean);
    let off = reader.value("OTEL_SDK_DISABLED", parse::boolean);
    if on == Some(false) || off == Some(true) {
        return Ok(Config::disabled());
    }

    let mut config = Config {
        destinations: endpoint::read(&mut reader),
        console: console(&mut reader),
        queue_bytes: reader
            .value("AETHER_TELEMETRY_QUEUE_BYTES", |text| {
                parse::bytes(text, 64 * 1024, 1 << 40)
            })
            .unwrap_or(DEFAULT_QUEUE_BYTES),
        max_request_bytes: reader
            .value("AETHER_TELEMETRY_MAX_REQUEST_BYTES", |text| {
                parse::bytes(text, 1024, 256 * 1024 * 1024)
            })
            .unwrap_or(DEFAULT_MAX_REQUEST_BYTES),
        sampler: sampler(&mut reader),
        limits: limits::read(&mut reader),
        log_level: log_level(&mut reader),
        ..Config::default()
    };
    resource(&mut reader, &mut config);
    if let Some(propagators) = reader.value("OTEL_PROPAGATORS", propagators) {
        config.propagators = propagators;
    }

    let exporters = exporters::read(&mut reader, Signal::Traces);
    let traces_have_a_place =
        sends(&config, Signal::Traces) || exporters.console || !exporters.otlp;
    config.store_bytes = store(&mut reader, traces_have_a_place);
    let mut spans = Batch::SPANS;
    if config.store_bytes.is_some() {
        spans.delay = PROMPT_SPAN_DELAY;
    }
    config.spans = batch(&mut reader, "OTEL_BSP_", spans);
    config.logs = batch(&mut reader, "OTEL_BLRP_", Batch::LOGS);
    if let Some(interval) = reader.value("OTEL_METRIC_EXPORT_INTERVAL", parse::milliseconds) {
        config.metric_interval = interval;
    }
    config.metric_deltas = deltas(&mut reader, &config);
    config.exponential_histograms = exponential(&mut reader);

    let (problems, warnings) = reader.finish();
    if problems.is_empty() {
        config.warnings = warnings;
        Ok(config)
    } else {
        Err(ConfigError::new(problems))
    }
}

fn log_level(reader: &mut Reader<'_>) -> Option<LevelFilter> {
    let debug = reader.value("OTEL_DEBUG", parse::boolean);
    let level = reader.value("OTEL_LOG_LEVEL", parse::log_level);
    level.or((debug == Some(true)).then_some(LevelFilter::DEBUG))
}

fn console(reader: &mut Reader<'_>) -> BTreeSet<Signal> {
    let all = Signal::ALL.into_iter();
    all.filter(|signal| exporters::read(reader, *signal).console)
        .collect()
}

fn sends(config: &Config, signal: Signal) -> bool {
    config
        .destinations
        .iter()
        .any(|destination| destination.endpoints.contains_key(&signal))
}

fn resource(reader: &mut Reader<'_>, config: &mut Config) {
    let listed = reader
        .value("OTEL_RESOURCE_ATTRIBUTES", parse::pairs)
        .unwrap_or_default();
    for (key, value) in listed {
        match key.as_str() {
            "service.name" => config.service_name = Some(value),
            "service.version" => config.service_version = Some(value),
            _ => config.resource_attributes.push((key, value)),
        }
    }
    if let Some(name) = reader.find("OTEL_SERVICE_NAME") {
        config.service_name = Some(name.text);
    }
    if let Some(version) = reader.find("OTEL_SERVICE_VERSION") {
        config.service_version = Some(version.text);
    }
}

fn sampler(reader: &mut Reader<'_>) -> Sampler {
    let rate = reader.value("OTEL_SAMPLE_RATE", parse::ratio);
    let Some(name) = reader.value("OTEL_TRACES_SAMPLER", sampler_name) else {
        return Sampler {
            ratio: rate.unwrap_or(1.0),
            parent_based: true,
        };
    };
    let (ratio, parent_based) = name;
    let ratio = ratio.unwrap_or_else(|| {
        reader
            .value("OTEL_TRACES_SAMPLER_ARG", parse::ratio)
            .unwrap_or(1.0)
    });
    Sampler {
        ratio,
        parent_based,
    }
}

/// The fixed ratio of a sampler, `None` where its argument decides, and whether it asks the parent.
fn sampler_name(text: &str) -> Result<(Option<f64>, bool), String> {
    match text.to_ascii_lowercase().as_str() {
        "always_on" => Ok((Some(1.0), false)),
        "always_off" => Ok((Some(0.0), false)),
        "traceidratio" => Ok((None, false)),
        "parentbased_always_on" => Ok((Some(1.0), true)),
        "parentbased_always_off" => Ok((Some(0.0), true)),
        "parentbased_traceidratio" => Ok((None, true)),
        _ => Err("expected always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or parentbased_traceidratio".to_owned()),
    }
}

fn propagators(text: &str) -> Result<Propagators, String> {
    let mut list = Vec::new();
    for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let propagator = match name.to_ascii_lowercase().as_str() {
            "b3" => Propagator::B3,
            "b3multi" => Propagator::B3Multi,
            "tracecontext" => Propagator::TraceContext,
            "baggage" => Propagator::Baggage,
            "none" => continue,
            _ => {
                return Err(
                    "expected a list of b3, b3multi, tracecontext, baggage, or none".to_owned(),
                );
            }
        };
        if !list.contains(&propagator) {
            list.push(propagator);
        }
    }
    Ok(Propagators {
        inject: list.clone(),
        extract: list,
    })
}

fn store(reader: &mut Reader<'_>, traces_have_a_place: bool) -> Option<usize> {
    let wanted = reader
        .value("AETHER_TELEMETRY_STORE", |text| {
            match text.to_ascii_lowercase().as_str() {
                "auto" => Ok(!traces_have_a_place),
                "always" => Ok(true),
                "never" => Ok(false),
                _ => Err("expected `auto`, `always` or `never`".to_owned()),
            }
        })
        .unwrap_or(!traces_have_a_place);
    let bytes = reader
        .value("AETHER_TELEMETRY_STORE_BYTES", |text| {
            parse::bytes(text, 1024 * 1024, 1 << 40)
        })
        .unwrap_or(DEFAULT_STORE_BYTES);
    wanted.then_some(bytes)
}

fn batch(reader: &mut Reader<'_>, prefix: &str, default: Batch) -> Batch {
    let delay = reader.value(&format!("{prefix}SCHEDULE_DELAY"), parse::milliseconds);
    let queue_size = reader.value(&format!("{prefix}MAX_QUEUE_SIZE"), parse::count);
    let size_name = format!("{prefix}MAX_EXPORT_BATCH_SIZE");
    let batch_size = reader.value(&size_name, parse::count);
    let queue_size = queue_size.unwrap_or(default.queue_size);
    if let Some(size) = batch_size
        && size > queue_size
        && let Some(found) = reader.find(&size_name)
    {
        reader.problem(
            &found,
            size.to_string(),
            format!("must not be larger than {prefix}MAX_QUEUE_SIZE, which is {queue_size}"),
        );
    }
    Batch {
        delay: delay.unwrap_or(default.delay),
        queue_size,
        batch_size: batch_size.unwrap_or(default.batch_size).min(queue_size),
    }
}

fn deltas(reader: &mut Reader<'_>, config: &Config) -> bool {
    let datadog = config
        .destinations
        .iter()
        .filter_map(|destination| destination.endpoints.get(&Signal::Metrics))
        .any(|endpoint| is_datadog(&endpoint.url));
    reader
        .value(
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
            |text| match text.to_ascii_lowercase().as_str() {
                "cumulative" => Ok(false),
                "delta" | "lowmemory" => Ok(true),
                _ => Err("expected `cumulative`, `delta` or `lowmemory`".to_owned()),
            },
        )
        .unwrap_or(datadog)
}

fn exponential(reader: &mut Reader<'_>) -> bool {
    let read = |text: &str| match text.to_ascii_lowercase().as_str() {
        "explicit_bucket_histogram" => Ok(false),
        "base2_exponential_bucket_histogram" => Ok(true),
        _ => Err(
            "expected `explicit_bucket_histogram` or `base2_exponential_bucket_histogram`"
                .to_owned(),
        ),
    };
    let variable = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
    reader.value(variable, read).unwrap_or_default()
}
