//! The three kinds of telemetry and their names on the wire.

use serde::Serialize;

/// One of the three OTLP signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// Spans, `/v1/traces`.
    Traces,
    /// Log records, `/v1/logs`.
    Logs,
    /// Metric data points, `/v1/metrics`.
    Metrics,
}

impl Signal {
    /// Every signal, in the order used for indexing.
    pub const ALL: [Signal; 3] = [Signal::Traces, Signal::Logs, Signal::Metrics];

    /// `traces`, `logs` or `metrics`: the last part of the default path and the value of the
    /// `signal` attribute of our own metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Signal::Traces => "traces",
            Signal::Logs => "logs",
            Signal::Metrics => "metrics",
        }
    }

    /// The path that is appended to a base endpoint, `/v1/{signal}`.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Signal::Traces => "/v1/traces",
            Signal::Logs => "/v1/logs",
            Signal::Metrics => "/v1/metrics",
        }
    }

    /// Position in arrays that hold one entry per signal.
    pub(crate) const fn index(self) -> usize {
        match self {
            Signal::Traces => 0,
            Signal::Logs => 1,
            Signal::Metrics => 2,
        }
    }
}

impl std::fmt::Display for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
