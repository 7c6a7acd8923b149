//! `aetherterm telemetry check`: one item of each signal to every backend, and what they answered.
//!
//! Needs no port, no page and no token, so it works beside a server that runs.

use std::process::ExitCode;

use aether_telemetry::CheckReport;
use clap::Args;

use crate::settings::OtelSettings;

/// Settings of `aetherterm telemetry check`.
#[derive(Debug, Clone, Args)]
pub struct Check {
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,

    /// Telemetry settings.
    #[command(flatten)]
    pub otel: OtelSettings,
}

impl Check {
    /// Asks every backend.
    pub async fn run(&self) -> CheckReport {
        self.otel.builder().check().await
    }

    /// The report as it is printed.
    pub fn show(&self, report: &CheckReport) -> String {
        if self.json {
            // It is made of texts and numbers, which always have a JSON form.
            serde_json::to_string_pretty(report).unwrap_or_default()
        } else {
            report.to_string()
        }
    }
}

/// 0: all accepted. 1: a backend did not take everything. 2: nothing could be sent, because
/// settings are wrong, telemetry is off, or there is no backend.
pub fn exit_code(report: &CheckReport) -> ExitCode {
    ExitCode::from(if report.is_ok() {
        0
    } else if report.results.is_empty() {
        2
    } else {
        1
    })
}
