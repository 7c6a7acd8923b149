//! The health of telemetry itself, as metrics, and how histograms are aggregated.

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::{
    Aggregation, Instrument, InstrumentKind, SdkMeterProvider, Stream,
};

use crate::Signal;
use crate::delivery::{Delivery, Outcome};

/// Buckets of one exponential histogram, as the specification has it.
const MAX_BUCKETS: u32 = 160;

/// The finest scale to begin with, as the specification has it.
const MAX_SCALE: i8 = 20;

/// A view that makes every histogram exponential, whatever buckets it asks for.
///
/// <https://opentelemetry.io/docs/specs/otel/metrics/sdk/#base2-exponential-bucket-histogram-aggregation>
pub(super) fn exponential(instrument: &Instrument) -> Option<Stream> {
    if instrument.kind() != InstrumentKind::Histogram {
        return None;
    }
    let aggregation = Aggregation::Base2ExponentialHistogram {
        max_size: MAX_BUCKETS,
        max_scale: MAX_SCALE,
        record_min_max: true,
    };
    // `None` leaves the instrument as it is.
    Stream::builder().with_aggregation(aggregation).build().ok()
}

/// Bounds of the buckets of durations, in seconds: those of the conventions for HTTP.
const SECONDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Registers `aether.telemetry.{accepted,rejected,dropped,exported,queued}` and
/// `aether.telemetry.request.duration`.
pub(super) fn observe(provider: &SdkMeterProvider, delivery: &Arc<Delivery>) {
    let meter = provider.meter("aether-telemetry");
    for outcome in Outcome::ALL {
        let (name, unit, description) = describe(outcome);
        let counters = Arc::clone(delivery.counters());
        meter
            .u64_observable_counter(name)
            .with_unit(unit)
            .with_description(description)
            .with_callback(move |observer| {
                for count in counters.snapshot() {
                    if count.outcome == outcome {
                        let mut attributes = vec![
                            KeyValue::new("signal", count.signal.as_str()),
                            KeyValue::new("destination", count.destination),
                        ];
                        if !count.reason.is_empty() {
                            attributes.push(KeyValue::new("reason", count.reason));
                        }
                        observer.observe(count.value, &attributes);
                    }
                }
            })
            .build();
    }
    let durations = meter
        .f64_histogram("aether.telemetry.request.duration")
        .with_unit("s")
        .with_description("Time until a destination has answered a request")
        .with_boundaries(SECONDS.to_vec())
        .build();
    delivery.counters().time_into(durations);
    // Nothing is kept alive by this.
    let outlets = delivery.observed();
    meter
        .u64_observable_gauge("aether.telemetry.queued")
        .with_unit("{item}")
        .with_description("Items waiting for a destination")
        .with_callback(move |observer| {
            for outlet in outlets() {
                for signal in Signal::ALL {
                    let attributes = [
                        KeyValue::new("signal", signal.as_str()),
                        KeyValue::new("destination", Arc::clone(&outlet.name)),
                    ];
                    observer.observe(outlet.queue.queued(signal), &attributes);
                }
            }
        })
        .build();
}

fn describe(outcome: Outcome) -> (&'static str, &'static str, &'static str) {
    match outcome {
        Outcome::Accepted => (
            "aether.telemetry.accepted",
            "{item}",
            "Items taken into the queue of a destination",
        ),
        Outcome::Rejected => (
            "aether.telemetry.rejected",
            "{request}",
            "Relayed requests refused at the door",
        ),
        Outcome::Dropped => (
            "aether.telemetry.dropped",
            "{item}",
            "Items that will not arrive at a destination",
        ),
        Outcome::Exported => (
            "aether.telemetry.exported",
            "{item}",
            "Items a destination has acknowledged",
        ),
    }
}
