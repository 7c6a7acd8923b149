//! What a shutdown came to.

use std::fmt;

use serde::Serialize;

use crate::delivery::Undelivered;

/// What [`Telemetry::shutdown`] came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ShutdownReport {
    /// Telemetry that was accepted and has not reached its destination. It is counted as dropped,
    /// reason `shutdown`.
    pub undelivered: Vec<Undelivered>,
    /// Whether this call stopped telemetry; `false` for one that was disabled or stopped before.
    pub stopped: bool,
}

impl ShutdownReport {
    /// Whether nothing was left.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.undelivered.is_empty()
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_complete() {
            return f.write_str("all telemetry was delivered");
        }
        f.write_str("not delivered:")?;
        for (index, left) in self.undelivered.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            let (items, signal) = (left.items, left.signal);
            write!(
                f,
                "{separator} {items} items of {signal} to {}",
                left.destination
            )?;
        }
        Ok(())
    }
}
