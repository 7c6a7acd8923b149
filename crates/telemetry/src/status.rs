//! What telemetry is doing right now, for a status page.

use std::sync::Arc;

use serde::Serialize;

use crate::delivery::{
    Count, DeadLetterStatus, Delivery, DestinationState, Health, Latency, Rates, StorageStatus,
    TailStatus,
};
use crate::store::StoreStatus;
use crate::{BuildError, Circuit, Problem, Signal};

/// A snapshot of all telemetry of this process. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Status {
    /// Whether telemetry runs at all.
    pub enabled: bool,
    /// Why it does not run; `None` where it does.
    pub off_because: Option<String>,
    /// The settings that cannot be used, which is why it does not run.
    pub problems: Vec<Problem>,
    /// Settings that are understood and look like a mistake, one sentence each.
    pub warnings: Vec<String>,
    /// Name under which this process reports itself.
    pub service_name: Option<String>,
    /// Where telemetry is sent: HTTP endpoints, and `console` for standard output.
    pub destinations: Vec<DestinationStatus>,
    /// The embedded store, where there is one.
    pub store: Option<StoreStatus>,
    /// The folder of the durable queues; `None` where queues are in memory.
    pub storage: Option<StorageStatus>,
    /// The choice among whole traces; `None` where there is none.
    pub tail: Option<TailStatus>,
    /// Batches that were refused for good and are kept.
    pub dead_letters: DeadLetterStatus,
    /// What happened to telemetry since the start, by signal, destination and reason.
    pub counts: Vec<Count>,
}

/// One destination.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DestinationStatus {
    /// `host:port`, or `console`.
    pub name: Arc<str>,
    /// What is sent there.
    pub signals: Vec<Signal>,
    /// What it was told to do.
    pub state: DestinationState,
    /// What is waiting.
    pub queue: QueueStatus,
    /// Whether it is sent to at the moment.
    pub circuit: Circuit,
    /// How much goes through, over the last minute.
    pub rates: Rates,
    /// How long it takes to answer, over the last minute.
    pub latency: Latency,
    /// How it is doing.
    #[serde(flatten)]
    pub health: Health,
}

/// The queue of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct QueueStatus {
    /// Requests waiting.
    pub requests: usize,
    /// Spans, log records and data points waiting.
    pub items: u64,
    /// Bytes waiting.
    pub bytes: usize,
    /// Bytes that may wait.
    pub max_bytes: usize,
    /// How long the oldest request has been waiting, milliseconds.
    pub oldest_ms: u64,
    /// Whether what waits is on disk.
    pub durable: bool,
}

/// The status of telemetry that does not run: switched off, or because of `problem`.
pub(crate) fn off(problem: Option<&BuildError>) -> Status {
    let (because, problems) = match problem {
        Some(problem) => (problem.summary(), problem.problems().to_vec()),
        None => (
            "it is switched off (OTEL_ENABLED=false or OTEL_SDK_DISABLED=true)".to_owned(),
            Vec::new(),
        ),
    };
    Status {
        off_because: Some(because),
        problems,
        ..Status::default()
    }
}

pub(crate) fn destinations(delivery: &Delivery, counts: &[Count]) -> Vec<DestinationStatus> {
    let outlets = delivery.outlets();
    outlets
        .iter()
        .map(|outlet| {
            let level = outlet.queue.level();
            let (rates, latency) = delivery.recent(outlet, counts);
            DestinationStatus {
                name: Arc::clone(&outlet.name),
                signals: outlet.signals(),
                state: outlet.state(),
                queue: QueueStatus {
                    requests: level.batches,
                    items: level.items.iter().sum(),
                    bytes: level.bytes,
                    max_bytes: outlet.queue.limit(),
                    oldest_ms: u64::try_from(level.age.as_millis()).unwrap_or(u64::MAX),
                    durable: outlet.queue.is_durable(),
                },
                circuit: outlet.circuit(),
                rates,
                latency,
                health: outlet.health(),
            }
        })
        .collect()
}
