//! The Collector project's own load generator, `telemetrygen`.
//!
//! Its spans go through the Go SDK's batch processor, which sends one request at a time, of 100
//! spans by default, and drops what does not fit its queue. The queue is made large enough for all,
//! so that whatever is missing in the end was lost behind it.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::load::Seen;
use super::options::Options;
use crate::Outcome;

/// Spans of each trace it makes.
const PER_TRACE: u64 = 2;
/// How long it may take besides the time that it has.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes what the rate asks for in that time, with as many processes as the options say.
pub(crate) async fn run(options: &Options, port: u16, length: Duration) -> Outcome<Seen> {
    let rate = f64::from(options.rate) / f64::from(options.generators);
    let traces = (rate * length.as_secs_f64() / PER_TRACE as f64).max(1.0) as u64;
    let mut running: Vec<Child> = Vec::new();
    for _ in 0..options.generators {
        running.push(start(options, port, rate, traces)?);
    }
    for mut child in running {
        let ended = timeout(length + PATIENCE, child.wait()).await;
        let status = ended
            .map_err(|_| "telemetrygen does not end".to_owned())?
            .map_err(|error| format!("telemetrygen: {error}"))?;
        if !status.success() {
            return Err(format!("telemetrygen failed ({status}); see its log"));
        }
    }
    Ok(Seen {
        spans: traces * PER_TRACE * u64::from(options.generators),
        ..Seen::default()
    })
}

fn start(options: &Options, port: u16, rate: f64, traces: u64) -> Outcome<Child> {
    let failed = |error: std::io::Error| format!("telemetrygen could not be started: {error}");
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(options.out.join("telemetrygen.log"))
        .map_err(failed)?;
    Command::new(&options.generator)
        .arg("traces")
        .args(["--otlp-http", "--otlp-insecure", "--otlp-endpoint"])
        .arg(format!("127.0.0.1:{port}"))
        .args(["--workers", "1", "--traces", &traces.to_string()])
        .args(["--rate", &rate.to_string()])
        .env("OTEL_BSP_MAX_QUEUE_SIZE", (traces * PER_TRACE).to_string())
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(failed)?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)
}
