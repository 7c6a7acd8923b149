//! One relay under one load, once: start, warm up, measure, wait for the rest, end.

use std::fs;
use std::time::Duration;

use serde::Serialize;

use super::contestant::{self, Contestant};
use super::load::{Load, Seen, Sender};
use super::options::Options;
use crate::Outcome;
use crate::sink::{Arrived, Sink};
use crate::usage;

/// Nothing more is expected once nothing has arrived for so long.
const QUIET: Duration = Duration::from_secs(10);
/// Load before the measured part.
const WARM_UP: Duration = Duration::from_secs(1);

/// What is the same in every round.
#[derive(Debug)]
pub(crate) struct Setup;

impl Setup {
    /// Makes the folder of the report; what was printed in an earlier run goes.
    pub(crate) fn new(options: &Options) -> Outcome<Self> {
        let out = &options.out;
        let failed = |error: std::io::Error| format!("{}: {error}", out.display());
        fs::create_dir_all(out).map_err(failed)?;
        let mut logs: Vec<String> = Contestant::chosen(&options.only)?
            .iter()
            .map(|contestant| format!("{}.log", contestant.key))
            .collect();
        logs.push("telemetrygen.log".to_owned());
        for log in logs {
            // There may be none.
            let _ = fs::remove_file(out.join(log));
        }
        Ok(Self)
    }
}

/// What one run showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Measurement {
    /// Spans of the measured part.
    pub(crate) spans: u64,
    /// Processor time of the relay for each of them, until the last one had arrived, in µs.
    pub(crate) cpu_us: f64,
    /// From a request to its answer; 0 where the load does not tell.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Memory at the end of the load, in bytes.
    pub(crate) resident: u64,
    /// The most memory at any time, in bytes.
    pub(crate) peak: u64,
    /// Spans in the sink, of everything since the start.
    pub(crate) arrived: u64,
    /// Spans that were acknowledged since the start.
    pub(crate) expected: u64,
    /// Whether just the spans that were sent have arrived, each once; `None` where only their
    /// number is known.
    pub(crate) same: Option<bool>,
    /// Requests that were refused, or not answered.
    pub(crate) refused: u64,
    /// Requests in which they reached the sink.
    pub(crate) requests: u64,
}

impl Measurement {
    /// One line, for whoever watches.
    pub(crate) fn show(&self) -> String {
        let mut text = format!(
            "{:.2} µs/span, p99 {:.1} ms, {:.1} MB ({:.1}), {} of {} spans in {} requests",
            self.cpu_us,
            self.p99_ms,
            megabytes(self.resident),
            megabytes(self.peak),
            self.arrived,
            self.expected,
            self.requests
        );
        if self.same == Some(false) {
            text.push_str(", NOT THE SAME");
        }
        text
    }
}

/// Bytes in millions, as the tables have them.
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Runs `contestant` once.
pub(crate) async fn run(
    contestant: &'static Contestant,
    load: Load,
    options: &Options,
    _: &Setup,
) -> Outcome<Measurement> {
    let work = contestant::work(options)?;
    let sink = Sink::start().await?;
    let relay = contestant.start(options, &sink.endpoint(), &work).await?;
    let id = relay.id()?;
    let mut sender = Sender::new(load, relay.port, options);
    let warm = sender.phase(WARM_UP).await?;
    settle(&sink, warm.spans).await;

    let before = usage::processor_time(id)?;
    let seen = sender
        .phase(Duration::from_secs(options.seconds.into()))
        .await?;
    let resident = usage::memory(id)?.resident;
    let expected = warm.spans + seen.spans;
    settle(&sink, expected).await;
    let used = usage::processor_time(id)?.saturating_sub(before);
    let peak = usage::memory(id)?.peak;
    relay.end().await;
    // Fails where a file is still in use; the next run tries again.
    let _ = fs::remove_dir_all(&work);

    let arrived = sink.arrived();
    if arrived.malformed > 0 {
        let (count, name) = (arrived.malformed, contestant.name);
        return Err(format!("{count} requests of {name} were no OTLP protobuf"));
    }
    if seen.spans == 0 {
        return Err(format!("{} took no span", contestant.name));
    }
    let mut latencies = seen.latencies_ms.clone();
    latencies.sort_by(f64::total_cmp);
    Ok(Measurement {
        spans: seen.spans,
        cpu_us: used.as_secs_f64() * 1e6 / seen.spans as f64,
        p50_ms: quantile(&latencies, 0.5),
        p99_ms: quantile(&latencies, 0.99),
        resident,
        peak,
        arrived: arrived.count(|_| true),
        expected,
        same: same(&arrived, &warm, &seen),
        refused: warm.refused + seen.refused,
        requests: arrived.requests,
    })
}

/// Waits until so many spans have arrived, or no more do.
async fn settle(sink: &Sink, spans: u64) {
    sink.settle(QUIET, |arrived| arrived.count(|_| true) >= spans)
        .await;
}

fn same(arrived: &Arrived, warm: &Seen, seen: &Seen) -> Option<bool> {
    let (warm, seen) = warm.ids.zip(seen.ids)?;
    Some(arrived.ids == warm.wrapping_add(seen))
}

/// Of sorted numbers; 0 of none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    // Rounded to a place within the list, so the cast keeps everything.
    let at = (last as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        let numbers: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(quantile(&numbers, 0.5), 50.0);
        assert_eq!(quantile(&numbers, 0.99), 99.0);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }

    #[test]
    fn one_lost_and_one_doubled_do_not_make_up_for_each_other() {
        let seen = |ids| Seen {
            ids,
            ..Seen::default()
        };
        let arrived = Arrived {
            ids: 6,
            ..Arrived::default()
        };
        assert_eq!(same(&arrived, &seen(Some(1)), &seen(Some(5))), Some(true));
        assert_eq!(same(&arrived, &seen(Some(1)), &seen(Some(4))), Some(false));
        assert_eq!(same(&arrived, &seen(None), &seen(Some(5))), None);
    }
}
