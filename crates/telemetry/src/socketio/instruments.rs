//! The metrics of the Socket.IO side.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter, UpDownCounter};

/// Buckets in seconds, as the messaging and HTTP conventions advise.
pub(crate) const DURATION_BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// The instruments, created once per settings.
#[derive(Debug)]
pub(super) struct Instruments {
    /// `socketio.connections`: sockets connected now, by namespace.
    pub(super) connections: UpDownCounter<i64>,
    /// `messaging.process.duration`: handler run time in seconds.
    pub(super) process_duration: Histogram<f64>,
    /// `messaging.client.operation.duration`: emit, until handed over or acknowledged, in seconds.
    pub(super) operation_duration: Histogram<f64>,
    /// `aether.socketio.unsampled_traces`: traces not recorded because of the rate limit, by event.
    pub(super) limited: Counter<u64>,
}

impl Instruments {
    pub(super) fn new(meter: &Meter) -> Self {
        Self {
            connections: meter
                .i64_up_down_counter("socketio.connections")
                .with_unit("{connection}")
                .with_description("Sockets connected to a namespace now.")
                .build(),
            process_duration: meter
                .f64_histogram("messaging.process.duration")
                .with_unit("s")
                .with_description("Time from the arrival of an event to the end of its handler.")
                .with_boundaries(DURATION_BUCKETS.to_vec())
                .build(),
            operation_duration: meter
                .f64_histogram("messaging.client.operation.duration")
                .with_unit("s")
                .with_description("Time of an emit, with acknowledgement if it asks for one.")
                .with_boundaries(DURATION_BUCKETS.to_vec())
                .build(),
            limited: meter
                .u64_counter("aether.socketio.unsampled_traces")
                .with_unit("{trace}")
                .with_description("Traces left unrecorded by the rate limit on new traces.")
                .build(),
        }
    }

    /// Counts one trace that the rate limit left unrecorded.
    pub(super) fn count_limited(&self, event: &str) {
        self.limited.add(
            1,
            &[
                super::attributes::system(),
                KeyValue::new("messaging.destination.name", event.to_owned()),
                KeyValue::new("reason", "rate_limit"),
            ],
        );
    }
}
