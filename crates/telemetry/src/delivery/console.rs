//! Telemetry on standard output: one line of OTLP/JSON per request, the format of
//! <https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/>.

use std::io::Write;

use super::Batch;
use crate::otlp::to_json;

/// Prints a batch. Waits on a thread of its own: whoever reads standard output may be slow.
pub(super) async fn print(batch: Batch) -> Result<(), String> {
    let printed = tokio::task::spawn_blocking(move || {
        let line = to_json::to_json(batch.signal, &batch.body)
            .map_err(|_| "a request was no OTLP".to_owned())?;
        let mut out = std::io::stdout().lock();
        let written = writeln!(out, "{line}").and_then(|()| out.flush());
        written.map_err(|error| format!("standard output takes nothing: {error}"))
    });
    let printed = printed.await;
    printed.unwrap_or_else(|_| Err("printing ended early".to_owned()))
}
