//! What a shutdown came to.

use std::fmt;

use serde::Serialize;

use crate::delivery::Undelivered;

/// What [`Telemetry::shutdown`](crate::Telemetry::shutdown) came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ShutdownReport {
    /// Telemetry that was accepted and has not reached its destination. It is counted as dropped,
    /// reason `shutdown`.
    pub undelivered: Vec<Undelivered>,
    /// Telemetry that is on disk and will be sent after the next start.
    pub kept: Vec<Undelivered>,
    /// Whether this call stopped telemetry; `false` for one that was disabled or stopped before.
    pub stopped: bool,
}

impl ShutdownReport {
    /// Whether nothing is lost. What is kept on disk is not.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.undelivered.is_empty()
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.undelivered.is_empty() && self.kept.is_empty() {
            return f.write_str("all telemetry was delivered");
        }
        write_list(f, "not delivered:", &self.undelivered)?;
        if !self.undelivered.is_empty() && !self.kept.is_empty() {
            f.write_str("; ")?;
        }
        write_list(f, "kept on disk for the next start:", &self.kept)
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, what: &str, list: &[Undelivered]) -> fmt::Result {
    if list.is_empty() {
        return Ok(());
    }
    f.write_str(what)?;
    for (index, left) in list.iter().enumerate() {
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
