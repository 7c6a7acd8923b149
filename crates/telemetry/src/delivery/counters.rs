//! Counts of what happened to telemetry, by signal, destination and reason, and how long it took.
//!
//! The same numbers are shown by the status page and exported as metrics
//! `aether.telemetry.{accepted,rejected,dropped,exported}`. They change once per batch, so one
//! lock is enough.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Histogram;
use serde::Serialize;

use crate::Signal;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// Items taken into a destination's queue, or into the store.
    Accepted,
    /// Relayed requests refused at the door; destination `relay`.
    Rejected,
    /// Items that will not arrive at a destination.
    Dropped,
    /// Items a destination has acknowledged.
    Exported,
}

impl Outcome {
    pub(crate) const ALL: [Outcome; 4] = [
        Outcome::Accepted,
        Outcome::Rejected,
        Outcome::Dropped,
        Outcome::Exported,
    ];
}

/// One count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Count {
    /// What happened.
    pub outcome: Outcome,
    /// To which kind of telemetry.
    pub signal: Signal,
    /// `host:port` of a destination, `embedded`, `console`, `relay`, `tail` for the choice among whole
    /// traces, `sdk` for what this process
    /// made faster than it could be handed over, or `none` where no destination takes the signal.
    pub destination: Arc<str>,
    /// Why, for everything that is not plain success; empty otherwise. `route: ` and the name of
    /// the rule for what a rule dropped.
    pub reason: Cow<'static, str>,
    /// Items since the start (requests for [`Outcome::Rejected`]).
    pub value: u64,
}

type Key = (Outcome, Signal, Arc<str>, Cow<'static, str>);

#[derive(Debug, Default)]
pub(crate) struct Counters {
    counts: Mutex<BTreeMap<Key, u64>>,
    /// Where it is measured how long answers take: seconds.
    durations: RwLock<Vec<Histogram<f64>>>,
}

impl Counters {
    /// From now on the durations of requests are measured there, too.
    pub(crate) fn time_into(&self, histogram: Histogram<f64>) {
        let mut all = self
            .durations
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        all.push(histogram);
    }

    /// A request to a destination was answered, or the connection broke, after that long.
    pub(crate) fn took(&self, signal: Signal, destination: &Arc<str>, time: Duration) {
        let all = self
            .durations
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let attributes = [
            KeyValue::new("signal", signal.as_str()),
            KeyValue::new("destination", Arc::clone(destination)),
        ];
        for histogram in &*all {
            histogram.record(time.as_secs_f64(), &attributes);
        }
    }

    /// Adds `value`; nothing is recorded for 0.
    pub(crate) fn add(
        &self,
        outcome: Outcome,
        signal: Signal,
        destination: &Arc<str>,
        reason: impl Into<Cow<'static, str>>,
        value: u64,
    ) {
        if value == 0 {
            return;
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts
            .entry((outcome, signal, Arc::clone(destination), reason.into()))
            .or_default() += value;
    }

    pub(crate) fn snapshot(&self) -> Vec<Count> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|((outcome, signal, destination, reason), value)| Count {
                outcome: *outcome,
                signal: *signal,
                destination: Arc::clone(destination),
                reason: reason.clone(),
                value: *value,
            })
            .collect()
    }
}
