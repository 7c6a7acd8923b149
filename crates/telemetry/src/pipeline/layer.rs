//! Joins `tracing` to OpenTelemetry: spans become spans, events become log records.

use opentelemetry::trace::TracerProvider;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::registry::LookupSpan;

use super::Pipeline;
use super::logs::LogLayer;

/// Libraries that take part in exporting. Telemetry about them would cause more of itself.
const EXPORT_PATH: [&str; 8] = [
    "aether_telemetry::delivery",
    "opentelemetry",
    "hyper",
    "h2",
    "reqwest",
    "rustls",
    "tonic",
    "tokio_util",
];

/// Libraries whose own spans would be traces of one span each, beside ours that say the same and more.
const COVERED: [&str; 2] = ["socketioxide", "engineioxide"];

/// Spans and events of level INFO and above from everywhere but the export path.
///
/// The current OpenTelemetry context and the current `tracing` span follow each other: a span
/// opened by either is the parent of the next one opened by the other.
pub(crate) fn layer<S>(pipeline: &Pipeline) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let tracer = pipeline.tracer.tracer("tracing");
    let events_on_spans = pipeline.logger.is_none();
    let spans = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_context_activation(true)
        // Whether an error that is logged fails the span must not depend on who takes the log.
        .with_error_events_to_status(false)
        // With nobody to take log records, events are shown with the span they happened in. The
        // layer's own event filter would do as well, but in 0.34.0 it prints every event to
        // standard output.
        .with_filter(exported(move |metadata| {
            if metadata.is_event() {
                events_on_spans
            } else {
                !is_of(metadata.target(), &COVERED)
            }
        }));
    // A list, because a layer that may be missing would switch the other one off.
    let mut layers = vec![spans.boxed()];
    if let Some(logger) = &pipeline.logger {
        let logs = LogLayer::new(logger).with_filter(exported(|_| true));
        layers.push(logs.boxed());
    }
    layers
}

fn exported(also: impl Fn(&Metadata<'_>) -> bool) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    filter_fn(move |metadata: &Metadata<'_>| {
        is_exported(metadata.target(), metadata.level()) && also(metadata)
    })
    .with_max_level_hint(LevelFilter::INFO)
}

pub(super) fn is_exported(target: &str, level: &tracing::Level) -> bool {
    *level <= tracing::Level::INFO && !is_of(target, &EXPORT_PATH)
}

/// Whether the target is one of these crates or modules, or in one; `opentelemetry` stands for all
/// crates whose names begin so.
fn is_of(target: &str, names: &[&str]) -> bool {
    names.iter().any(|name| {
        target.strip_prefix(name).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with("::") || rest.starts_with(['_', '-'])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn spans_of_the_socket_libraries_are_covered_by_ours() {
        assert!(is_of("engineioxide::socket", &COVERED));
        assert!(!is_of("aether_telemetry::socketio", &COVERED));
    }

    #[test]
    fn the_export_path_is_left_out() {
        for target in [
            "opentelemetry_sdk",
            "opentelemetry-otlp",
            "hyper_util::client",
            "reqwest::connect",
            "aether_telemetry::delivery",
        ] {
            assert!(!is_exported(target, &Level::ERROR), "{target}");
        }
        for target in ["aetherterm_backend", "app::hyper", "h2o", "socketioxide"] {
            assert!(is_exported(target, &Level::INFO), "{target}");
            assert!(!is_exported(target, &Level::DEBUG), "{target}");
        }
    }
}
