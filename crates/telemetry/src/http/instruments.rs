//! The metrics of the HTTP server.
//!
//! <https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-server>

use opentelemetry::metrics::{Histogram, Meter, UpDownCounter};

use crate::socketio::DURATION_BUCKETS;

/// Buckets in bytes: the conventions advise none, and the SDK's end at 10 kB.
const SIZE_BUCKETS: [f64; 11] = [
    0.0,
    128.0,
    512.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
];

#[derive(Debug)]
pub(super) struct Instruments {
    pub(super) duration: Histogram<f64>,
    pub(super) active: UpDownCounter<i64>,
    pub(super) request_size: Histogram<u64>,
    pub(super) response_size: Histogram<u64>,
}

impl Instruments {
    pub(super) fn new(meter: &Meter) -> Self {
        let size = |name: &'static str, description: &'static str| {
            meter
                .u64_histogram(name)
                .with_unit("By")
                .with_description(description)
                .with_boundaries(SIZE_BUCKETS.to_vec())
                .build()
        };
        Self {
            duration: duration(
                meter,
                "http.server.request.duration",
                "Time from the arrival of a request to the end of its response.",
            ),
            active: meter
                .i64_up_down_counter("http.server.active_requests")
                .with_unit("{request}")
                .with_description("Requests being answered now.")
                .build(),
            request_size: size(
                "http.server.request.body.size",
                "Bytes of a request's body that were read.",
            ),
            response_size: size(
                "http.server.response.body.size",
                "Bytes of a response's body that were handed to the connection.",
            ),
        }
    }
}

/// A histogram of seconds with the buckets that the conventions advise.
pub(super) fn duration(
    meter: &Meter,
    name: &'static str,
    description: &'static str,
) -> Histogram<f64> {
    meter
        .f64_histogram(name)
        .with_unit("s")
        .with_description(description)
        .with_boundaries(DURATION_BUCKETS.to_vec())
        .build()
}
