//! What a check found, for people and for programs.

use std::fmt;

use serde::Serialize;

use crate::Signal;

/// What every destination answered. Holds no secrets.
///
/// `Display` is a text for people; serialised, it is the output of `aetherterm telemetry check
/// --json`.
///
/// ```
/// use aether_telemetry::CheckReport;
///
/// let nothing = CheckReport::default();
/// assert!(!nothing.is_ok(), "where nothing is sent, nothing was taken");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CheckReport {
    /// Whether telemetry is switched on; nothing is sent where it is not.
    pub enabled: bool,
    /// What is wrong with the settings, so that nothing was sent.
    pub problem: Option<String>,
    /// Settings that are understood and still look like a mistake, one sentence each.
    pub warnings: Vec<String>,
    /// The service that the items belong to.
    pub service_name: String,
    /// The trace of the span and of the log record, in hexadecimal: what to look for in a backend.
    pub trace_id: String,
    /// One for each signal of each destination; empty where none is configured.
    pub results: Vec<Checked>,
}

/// What one destination answered to one signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// `host:port`.
    pub destination: String,
    /// What was sent.
    pub signal: Signal,
    /// Where to, without what may be a secret.
    pub endpoint: String,
    /// `http/protobuf`, `http/json` or `grpc`.
    pub protocol: &'static str,
    /// `none`, `gzip` or `zstd`.
    pub compression: &'static str,
    /// Whether the destination has the item now.
    pub accepted: bool,
    /// Size of the request's body as sent, in bytes; 0 where nothing could be sent.
    pub bytes: usize,
    /// Time from the beginning of the connection to the end of the answer, in milliseconds.
    pub duration_ms: u64,
    /// What was answered, with the destination's own message, or why there was no answer.
    pub answer: String,
    /// What to change; `None` where all is well, or where `answer` says it already.
    pub remedy: Option<String>,
}

impl CheckReport {
    /// Settings that cannot be used.
    pub(crate) fn failed(problem: &impl fmt::Display) -> Self {
        Self {
            enabled: true,
            problem: Some(problem.to_string()),
            ..Self::default()
        }
    }

    /// Whether there is a destination, and every one took everything.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        !self.results.is_empty() && self.results.iter().all(|result| result.accepted)
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        if let Some(problem) = &self.problem {
            return f.write_str(problem);
        }
        if !self.enabled {
            return f.write_str(
                "telemetry is switched off (OTEL_ENABLED=false or OTEL_SDK_DISABLED=true), so nothing was sent",
            );
        }
        if self.results.is_empty() {
            return f.write_str(
                "no destination is configured, so nothing was sent; set OTEL_EXPORTER_OTLP_ENDPOINT, for example to http://localhost:4318",
            );
        }
        for result in &self.results {
            writeln!(f, "{result}")?;
        }
        let accepted = self.results.iter().filter(|result| result.accepted);
        write!(
            f,
            "{} of {} accepted; look for service {}, trace {}",
            accepted.count(),
            self.results.len(),
            self.service_name,
            self.trace_id
        )
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.accepted { "ok" } else { "FAILED" };
        write!(
            f,
            "{verdict} {} to {} ({}, compression {})",
            self.signal, self.endpoint, self.protocol, self.compression
        )?;
        if self.bytes > 0 {
            write!(f, "\n   sent {} bytes", self.bytes)?;
        }
        write!(f, "\n   {} after {} ms", self.answer, self.duration_ms)?;
        if let Some(remedy) = &self.remedy {
            write!(f, "\n   {remedy}")?;
        }
        Ok(())
    }
}
