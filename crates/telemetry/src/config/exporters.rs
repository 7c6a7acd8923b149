//! Which exporters a signal has: `OTEL_{TRACES,LOGS,METRICS}_EXPORTER`.
//!
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#exporter-selection>.
//! `otlp` means the configured endpoints; without one there is nothing to send to, because nothing
//! is guessed.

use super::reader::Reader;
use crate::Signal;

/// What is done with one signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exporters {
    /// Sent to the endpoints.
    pub(super) otlp: bool,
    /// Printed to standard output.
    pub(super) console: bool,
    /// Kept to be scraped; metrics only.
    pub(super) prometheus: bool,
    /// Whether somebody chose this.
    pub(super) chosen: bool,
}

/// The exporters of a signal; `otlp` where nothing is said.
pub(super) fn read(reader: &mut Reader<'_>, signal: Signal) -> Exporters {
    let variable = variable(signal);
    let parse = |text: &str| parse(text, signal);
    reader.value(&variable, parse).unwrap_or(Exporters {
        otlp: true,
        console: false,
        prometheus: false,
        chosen: false,
    })
}

pub(super) fn variable(signal: Signal) -> String {
    format!("OTEL_{}_EXPORTER", signal.as_str().to_uppercase())
}

fn parse(text: &str, signal: Signal) -> Result<Exporters, String> {
    let expected = match signal {
        Signal::Metrics => "expected a list of `otlp`, `console`, `prometheus` or `none`",
        Signal::Traces | Signal::Logs => "expected a list of `otlp`, `console` or `none`",
    };
    let mut found = Exporters {
        otlp: false,
        console: false,
        prometheus: false,
        chosen: true,
    };
    let mut none = false;
    for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        match name.to_ascii_lowercase().as_str() {
            "otlp" => found.otlp = true,
            "console" => found.console = true,
            "prometheus" if signal == Signal::Metrics => found.prometheus = true,
            "none" => none = true,
            "logging" => return Err(format!("`logging` is called `console` now; {expected}")),
            other @ ("zipkin" | "jaeger" | "prometheus") => {
                return Err(format!("there is no exporter for {other} here; {expected}"));
            }
            _ => return Err(expected.to_owned()),
        }
    }
    match (none, found.otlp || found.console || found.prometheus) {
        (true, true) => Err("`none` stands alone: it means that nothing is exported".to_owned()),
        (false, false) => Err(expected.to_owned()),
        _ => Ok(found),
    }
}
