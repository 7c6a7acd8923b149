//! One contestant, once: start, warm up, measure, wait for the export, end.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::contestant::{Contestant, Spans};
use super::load::Load;
use super::options::Options;
use crate::Outcome;
use crate::child::Child;
use crate::sink::{Arrived, Sink};
use crate::usage;

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(30);
/// Nothing more is expected once nothing has arrived for so long: several times the delay after
/// which batches are sent.
const QUIET: Duration = Duration::from_secs(4);
/// After how many milliseconds every contestant sends what it has.
const BATCH_DELAY_MS: u32 = 1_000;

/// What is the same in every round.
#[derive(Debug)]
pub(crate) struct Setup {
    logs: PathBuf,
}

impl Setup {
    pub(crate) fn new(options: &Options) -> Outcome<Self> {
        let logs = options.out.join("socketio-logs");
        // What older runs left is of no use.
        let _ = fs::remove_dir_all(&logs);
        fs::create_dir_all(&logs).map_err(|error| format!("{}: {error}", logs.display()))?;
        Ok(Self { logs })
    }
}

/// What one run showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Measurement {
    /// Acknowledged events of the measured part.
    pub(crate) events: u64,
    /// Processor time of the server for each of them, export included, in µs.
    pub(crate) cpu_us: f64,
    pub(crate) events_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Memory after the load, with all clients connected, in bytes.
    pub(crate) resident: u64,
    /// The most memory at any time, in bytes.
    pub(crate) peak: u64,
    /// `None` where nothing is traced.
    pub(crate) exported: Option<Exported>,
}

/// What reached the sink, of everything since the start.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Exported {
    pub(crate) spans: u64,
    pub(crate) expected: u64,
    /// Spans with a parent.
    pub(crate) joined: u64,
    /// Protobuf bytes of a span, with its share of everything around it.
    pub(crate) bytes_per_span: f64,
}

impl Measurement {
    /// One line, for whoever watches.
    pub(crate) fn show(&self) -> String {
        let spans = self.exported.as_ref().map_or(String::new(), |exported| {
            format!(", {} of {} spans", exported.spans, exported.expected)
        });
        format!(
            "{:.1} µs/event, {:.0} events/s, {:.1} MB{spans}",
            self.cpu_us,
            self.events_per_second,
            megabytes(self.resident)
        )
    }
}

/// Bytes in millions, as the tables have them.
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Runs `contestant` once.
pub(crate) async fn run(
    contestant: &'static Contestant,
    options: &Options,
    setup: &Setup,
) -> Outcome<Measurement> {
    let log = |suffix: &str| setup.logs.join(format!("{}{suffix}.log", contestant.key));
    let sink = Sink::start().await?;
    let mut command = contestant.command(options);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"OTEL_") {
            command.env_remove(name);
        }
    }
    command
        .env("OTEL_SERVICE_NAME", contestant.key)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", sink.endpoint())
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        .env("OTEL_BSP_SCHEDULE_DELAY", BATCH_DELAY_MS.to_string());
    let mut server = Child::start(contestant.name, command, &log(""))?;
    let line = server.line(START).await?;
    let port = line
        .strip_prefix("listening ")
        .and_then(|port| port.parse().ok())
        .ok_or_else(|| format!("{} said `{line}`, not its port", contestant.name))?;
    let id = server.id()?;

    let mut load = Load::start(port, contestant.carriers, options, &log("-load")).await?;
    let warm = load
        .phase(options.warm_up, options.seconds.div_ceil(2))
        .await?;
    arrival(&sink, contestant, warm.events).await;

    let before = usage::processor_time(id)?;
    let seen = load.phase(options.events, options.seconds).await?;
    let total = warm.events + seen.events;
    arrival(&sink, contestant, total).await;
    let used = usage::processor_time(id)?.saturating_sub(before);
    let memory = usage::memory(id)?;

    load.end().await;
    server.end().await;
    if seen.events == 0 {
        return Err(format!("{} answered no event", contestant.name));
    }
    let arrived = sink.arrived();
    if arrived.malformed > 0 {
        let count = arrived.malformed;
        return Err(format!(
            "{count} exports of {} were no OTLP protobuf",
            contestant.name
        ));
    }
    let exported = contestant.spans.as_ref();
    Ok(Measurement {
        events: seen.events,
        cpu_us: used.as_secs_f64() * 1e6 / seen.events as f64,
        events_per_second: seen.events as f64 / seen.seconds,
        p50_ms: seen.p50_ms,
        p99_ms: seen.p99_ms,
        resident: memory.resident,
        peak: memory.peak,
        exported: exported.map(|spans| Exported::of(&arrived, spans, total)),
    })
}

/// Waits until the spans of `events` have arrived, or no more do.
async fn arrival(sink: &Sink, contestant: &Contestant, events: u64) {
    if let Some(spans) = &contestant.spans {
        let expected = events * spans.per_event;
        sink.settle(QUIET, |arrived| arrived.count(spans.of_event) >= expected)
            .await;
    }
}

impl Exported {
    fn of(arrived: &Arrived, spans: &Spans, events: u64) -> Self {
        let all = arrived.count(|_| true);
        Self {
            spans: arrived.count(spans.of_event),
            expected: events * spans.per_event,
            joined: arrived.joined,
            bytes_per_span: arrived.bytes as f64 / all.max(1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_spans_of_events_count_as_arrived() {
        let spans = Spans {
            per_event: 2,
            of_event: |name| name == "event",
        };
        let arrived = Arrived {
            spans: [("event".to_owned(), 5), ("connect".to_owned(), 5)].into(),
            joined: 3,
            bytes: 1_000,
            ..Arrived::default()
        };
        let exported = Exported::of(&arrived, &spans, 3);
        assert_eq!((exported.spans, exported.expected), (5, 6));
        assert_eq!((exported.joined, exported.bytes_per_span), (3, 100.0));
    }
}
