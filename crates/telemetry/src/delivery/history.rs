//! The last five minutes of every destination, a sample each five seconds.
//!
//! A sample holds what the counts were by then, so rates over any of them are a subtraction, and
//! nothing is added to the way of a batch.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::meter::Answers;
use super::{Count, Outcome, Outlet, TailStatus, now_ms};

/// Time between two samples.
const EVERY: Duration = Duration::from_secs(5);
/// Samples that are kept.
const SAMPLES: usize = 60;
/// What rates and latencies of the status are about.
const RECENT: Duration = Duration::from_secs(60);

/// How much goes through a destination, per second, over the last minute.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Rates {
    /// Items taken into its queue.
    #[serde(rename = "in")]
    pub incoming: f64,
    /// Items that it acknowledged.
    #[serde(rename = "out")]
    pub outgoing: f64,
    /// Requests that failed and have to be sent again.
    pub retries: f64,
    /// Items that will not arrive.
    pub dropped: f64,
}

/// How long a destination took to answer, over the last minute; broken connections count, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Latency {
    /// Half of the requests took this long at most, milliseconds; `None` where there was none.
    pub p50_ms: Option<u64>,
    /// 95 of 100 requests took this long at most, milliseconds.
    pub p95_ms: Option<u64>,
    /// How many requests these are.
    pub requests: u64,
}

/// The last minutes in columns, for charts: in each the oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct History {
    /// Time between two values, milliseconds.
    pub every_ms: u64,
    /// When the last values were taken, milliseconds since 1970.
    pub until_ms: u64,
    /// By the name of the destination.
    pub destinations: BTreeMap<Arc<str>, Columns>,
    /// The choice among whole traces; `None` where there is none.
    pub tail: Option<TailColumns>,
}

/// One destination in a [`History`]. A destination that is younger has shorter columns.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Columns {
    /// Items per second taken into its queue.
    #[serde(rename = "in")]
    pub incoming: Vec<f64>,
    /// Items per second that it acknowledged.
    #[serde(rename = "out")]
    pub outgoing: Vec<f64>,
    /// Requests per second that have to be sent again.
    pub retries: Vec<f64>,
    /// Items per second that will not arrive.
    pub dropped: Vec<f64>,
    /// Requests waiting.
    pub queue_requests: Vec<usize>,
    /// Bytes waiting.
    pub queue_bytes: Vec<usize>,
    /// How long the oldest request has been waiting, milliseconds.
    pub oldest_ms: Vec<u64>,
    /// Half of the answers took this long at most, milliseconds.
    pub p50_ms: Vec<Option<u64>>,
    /// 95 of 100 answers took this long at most, milliseconds.
    pub p95_ms: Vec<Option<u64>>,
}

/// The choice among whole traces in a [`History`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TailColumns {
    /// Traces that were not decided.
    pub traces: Vec<usize>,
    /// Spans that were held.
    pub spans: Vec<u64>,
    /// Bytes they took.
    pub bytes: Vec<usize>,
    /// Traces kept within the time of the sample.
    pub kept: Vec<u64>,
    /// Traces dropped within the time of the sample.
    pub dropped: Vec<u64>,
}

/// Counts of a destination since the start.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    incoming: u64,
    outgoing: u64,
    dropped: u64,
    retries: u64,
}

#[derive(Debug, Clone)]
struct Sample {
    at: Instant,
    totals: Totals,
    answers: Answers,
    requests: usize,
    bytes: usize,
    oldest_ms: u64,
}

/// Takes the samples.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    until_ms: u64,
    destinations: BTreeMap<Arc<str>, VecDeque<Sample>>,
    tail: VecDeque<TailStatus>,
}

impl Recorder {
    /// The time between two samples.
    pub(super) const EVERY: Duration = EVERY;

    /// Takes a sample of every destination, and forgets those that are gone.
    pub(super) fn sample(
        &self,
        outlets: &[Arc<Outlet>],
        counts: &[Count],
        tail: Option<TailStatus>,
    ) {
        let now = Instant::now();
        let mut state = self.lock();
        state.until_ms = now_ms();
        state
            .destinations
            .retain(|name, _| outlets.iter().any(|outlet| outlet.name == *name));
        for outlet in outlets {
            let samples = state.destinations.entry(Arc::clone(&outlet.name));
            let samples = samples.or_default();
            push(samples, take(outlet, counts, now));
        }
        match tail {
            Some(tail) => push(&mut state.tail, tail),
            None => state.tail.clear(),
        }
    }

    /// Takes the first sample of destinations that are new, so that there is something to subtract.
    pub(super) fn begin(&self, outlets: &[Arc<Outlet>], counts: &[Count]) {
        let now = Instant::now();
        let mut state = self.lock();
        for outlet in outlets {
            let samples = state.destinations.entry(Arc::clone(&outlet.name));
            let samples = samples.or_default();
            if samples.is_empty() {
                samples.push_back(take(outlet, counts, now));
            }
        }
    }

    /// What went through a destination within the last minute.
    pub(super) fn recent(&self, outlet: &Outlet, counts: &[Count]) -> (Rates, Latency) {
        let now = take(outlet, counts, Instant::now());
        let state = self.lock();
        let samples = state.destinations.get(&outlet.name);
        let young = |sample: &&Sample| now.at.duration_since(sample.at) <= RECENT;
        let Some(begin) = samples.and_then(|samples| samples.iter().find(young)) else {
            return (Rates::default(), Latency::default());
        };
        let answers = now.answers.since(&begin.answers);
        let latency = Latency {
            p50_ms: answers.percentile(0.5),
            p95_ms: answers.percentile(0.95),
            requests: answers.count(),
        };
        (rates(begin, &now), latency)
    }

    pub(super) fn shown(&self) -> History {
        let state = self.lock();
        let destinations = state.destinations.iter();
        let destinations = destinations.map(|(name, samples)| (Arc::clone(name), columns(samples)));
        History {
            every_ms: u64::try_from(EVERY.as_millis()).unwrap_or(u64::MAX),
            until_ms: state.until_ms,
            destinations: destinations.collect(),
            tail: (!state.tail.is_empty()).then(|| tail_columns(&state.tail)),
        }
    }

    /// No code panics while it holds the lock, so a poisoned state is still consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One more than is shown, because what is shown lies between two.
fn push<T>(samples: &mut VecDeque<T>, sample: T) {
    if samples.len() > SAMPLES {
        samples.pop_front();
    }
    samples.push_back(sample);
}

fn take(outlet: &Outlet, counts: &[Count], at: Instant) -> Sample {
    let mut totals = Totals {
        retries: outlet.meter.repetitions(),
        ..Totals::default()
    };
    for count in counts.iter().filter(|c| c.destination == outlet.name) {
        let total = match count.outcome {
            Outcome::Accepted => &mut totals.incoming,
            Outcome::Exported => &mut totals.outgoing,
            Outcome::Dropped => &mut totals.dropped,
            Outcome::Rejected => continue,
        };
        *total = total.saturating_add(count.value);
    }
    let level = outlet.queue.level();
    Sample {
        at,
        totals,
        answers: outlet.meter.answers(),
        requests: level.batches,
        bytes: level.bytes,
        oldest_ms: u64::try_from(level.age.as_millis()).unwrap_or(u64::MAX),
    }
}

fn rates(from: &Sample, to: &Sample) -> Rates {
    let seconds = to.at.duration_since(from.at).as_secs_f64();
    let rate = |of: fn(&Totals) -> u64| {
        let more = of(&to.totals).saturating_sub(of(&from.totals));
        // Right after a start a moment would make any number of it.
        (more as f64 / seconds.max(1.0) * 1000.0).round() / 1000.0
    };
    Rates {
        incoming: rate(|totals| totals.incoming),
        outgoing: rate(|totals| totals.outgoing),
        retries: rate(|totals| totals.retries),
        dropped: rate(|totals| totals.dropped),
    }
}

fn columns(samples: &VecDeque<Sample>) -> Columns {
    let mut columns = Columns::default();
    for (from, to) in samples.iter().zip(samples.iter().skip(1)) {
        let rates = rates(from, to);
        columns.incoming.push(rates.incoming);
        columns.outgoing.push(rates.outgoing);
        columns.retries.push(rates.retries);
        columns.dropped.push(rates.dropped);
        columns.queue_requests.push(to.requests);
        columns.queue_bytes.push(to.bytes);
        columns.oldest_ms.push(to.oldest_ms);
        let answers = to.answers.since(&from.answers);
        columns.p50_ms.push(answers.percentile(0.5));
        columns.p95_ms.push(answers.percentile(0.95));
    }
    columns
}

fn tail_columns(samples: &VecDeque<TailStatus>) -> TailColumns {
    let mut columns = TailColumns::default();
    for (from, to) in samples.iter().zip(samples.iter().skip(1)) {
        columns.traces.push(to.traces);
        columns.spans.push(to.spans);
        columns.bytes.push(to.bytes);
        columns.kept.push(to.kept.saturating_sub(from.kept));
        columns
            .dropped
            .push(to.dropped.saturating_sub(from.dropped));
    }
    columns
}
