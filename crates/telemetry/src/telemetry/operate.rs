//! What is done with a telemetry that runs: dead letters, rules on trial, changes.

use super::Telemetry;
use crate::Signal;
use crate::delivery::{DeadLetter, DryRun, History, Intake};
use crate::live::Live;

impl Telemetry {
    /// What destinations refused for good, the oldest first, with their answers.
    ///
    /// The number of them is bounded: later ones push the oldest out. In memory, without
    /// [`Config::durable`](crate::Config::durable), they are gone at the end of the process.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        let running = self.running.as_ref();
        running.map_or_else(Vec::new, |running| running.delivery.letters().list())
    }

    /// The request of a dead letter, as OTLP protobuf; `None` where there is none of that id.
    ///
    /// Needs a tokio runtime.
    pub async fn dead_letter(&self, id: &str) -> Option<bytes::Bytes> {
        let running = self.running.as_ref()?;
        let (_, batch) = running.delivery.letters().read(id).await?;
        Some(batch.body)
    }

    /// Queues a dead letter for its destination again. Needs a tokio runtime.
    pub async fn replay_dead_letter(&self, id: &str) -> Replay {
        let Some(running) = &self.running else {
            return Replay::Unknown;
        };
        match running.delivery.replay(id).await {
            Some(Intake::Accepted) => Replay::Queued,
            Some(_) => Replay::Full,
            None => Replay::Unknown,
        }
    }

    /// Forgets a dead letter; says whether there was one. Needs a tokio runtime.
    pub async fn discard_dead_letter(&self, id: &str) -> bool {
        match &self.running {
            Some(running) => running.delivery.letters().discard(id).await,
            None => false,
        }
    }

    /// Where a request of OTLP protobuf would go, by which rules, without sending it; `None` where
    /// it is no such request. Where telemetry does not run, nothing would go anywhere.
    ///
    /// ```
    /// # fn example(telemetry: &aether_telemetry::Telemetry, request: bytes::Bytes) {
    /// use aether_telemetry::Signal;
    ///
    /// let report = telemetry.dry_run(Signal::Traces, &request);
    /// for item in report.unwrap_or_default().items {
    ///     println!("{}: {:?} -> {:?}", item.name, item.rules, item.to);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn dry_run(&self, signal: Signal, request: &bytes::Bytes) -> Option<DryRun> {
        match &self.running {
            Some(running) => running.delivery.dry_run(signal, request),
            None => Some(DryRun::default()),
        }
    }

    /// Destinations and rules, to be looked at and changed while everything runs.
    #[must_use]
    pub fn live(&self) -> Live {
        match &self.running {
            Some(running) => running.live.clone(),
            None => Live::off("telemetry does not run; GET status says why"),
        }
    }

    /// The last five minutes of every destination, a sample each five seconds.
    #[must_use]
    pub fn history(&self) -> History {
        let running = self.running.as_ref();
        running.map_or_else(History::default, |running| running.delivery.history())
    }

    /// The last small request of a signal that came in, as OTLP protobuf, to try rules on.
    #[must_use]
    pub fn last_sample(&self, signal: Signal) -> Option<bytes::Bytes> {
        self.running.as_ref()?.delivery.sample(signal)
    }
}

/// What [`Telemetry::replay_dead_letter`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// It waits in its destination's queue and is no dead letter any more.
    Queued,
    /// Its destination's queue takes nothing at the moment; it stays a dead letter.
    Full,
    /// There is no such dead letter, it cannot be read any more, or its destination is not
    /// configured.
    Unknown,
}
