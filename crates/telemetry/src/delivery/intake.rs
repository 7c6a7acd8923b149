//! How a batch gets into the queues.
//!
//! A queue in memory has it at once. For durable ones it is written first, so the answer comes
//! later: a [`Ticket`].

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::journal::{Cursor, Journal, Refused};
use super::{Batch, Counters, Outcome, Outlet, Source, now_ms};

/// What the intake did with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intake {
    /// At least one destination has it, or it was empty.
    Accepted,
    /// No destination takes this signal: dropped and counted.
    NoDestination,
    /// Every destination that takes this signal is full: nothing was taken.
    Full,
    /// It could not be written to disk, for this reason: nothing was taken.
    NotWritten(&'static str),
}

/// An answer that may not be known yet.
#[derive(Debug)]
pub(crate) struct Ticket(Answer);

#[derive(Debug)]
enum Answer {
    Known(Intake),
    Later(oneshot::Receiver<Intake>),
}

impl Ticket {
    pub(super) fn known(intake: Intake) -> Self {
        Self(Answer::Known(intake))
    }

    /// Waits until the answer is known. Needs no runtime.
    pub(crate) async fn settled(self) -> Intake {
        match self.0 {
            Answer::Known(intake) => intake,
            Answer::Later(answer) => answer
                .await
                .unwrap_or(Intake::NotWritten(Refused::Closed.reason())),
        }
    }
}

/// Puts a batch into the queues of `outlets`. `taken` says that somebody else has it already.
pub(super) fn place<'a>(
    batch: &Batch,
    outlets: impl Iterator<Item = &'a Arc<Outlet>>,
    mut taken: bool,
    journal: Option<&Journal>,
    counters: &Arc<Counters>,
) -> Ticket {
    let mut lost = Vec::new();
    let mut written = Vec::new();
    let mut cursors = Vec::<Arc<Cursor>>::new();
    for outlet in outlets {
        match outlet.queue.cursor() {
            None if outlet.queue.push(batch.clone()).is_ok() => {
                taken = true;
                count(counters, Outcome::Accepted, batch, outlet, "");
            }
            Some(cursor) if outlet.queue.reserve(batch.body.len()).is_ok() => {
                cursors.push(Arc::clone(cursor));
                written.push(Arc::clone(outlet));
            }
            _ => lost.push((Arc::clone(outlet), "queue_full")),
        }
    }
    let Some(journal) = journal.filter(|_| !written.is_empty()) else {
        return Ticket::known(settle(batch, taken, &lost, Intake::Full, counters));
    };
    let (answer, later) = oneshot::channel();
    let (copy, counters) = (batch.clone(), Arc::clone(counters));
    let done = Box::new(move |result| {
        let batch = copy;
        let mut otherwise = Intake::Full;
        match result {
            Ok(record) => {
                for outlet in &written {
                    count(&counters, Outcome::Accepted, &batch, outlet, "");
                    outlet.queue.written(Arc::clone(&record), &batch.body);
                }
                taken = true;
            }
            Err(refused) => {
                otherwise = Intake::NotWritten(Refused::reason(refused));
                for outlet in written {
                    outlet.queue.release(batch.body.len());
                    lost.push((outlet, refused.reason()));
                }
            }
        }
        let intake = settle(&batch, taken, &lost, otherwise, &counters);
        // Whoever asked may have gone away, which changes nothing.
        let _ = answer.send(intake);
    });
    journal.append(batch, now_ms(), cursors, done);
    Ticket(Answer::Later(later))
}

/// Writes a batch that is under way behind all others of its queue, to be dropped when it was to be
/// dropped before; says whether that succeeded.
pub(super) async fn again(
    batch: &Batch,
    accepted_ms: u64,
    until: Option<Instant>,
    outlet: &Arc<Outlet>,
    journal: &Journal,
) -> bool {
    let Some(cursor) = outlet.queue.cursor() else {
        return false;
    };
    let (answer, later) = oneshot::channel();
    let behind = Arc::clone(outlet);
    let done = Box::new(move |result: Result<_, Refused>| {
        let written = result.map(|record| behind.queue.again(record, until));
        // Whoever asked waits, unless the process ends.
        let _ = answer.send(written.is_ok());
    });
    journal.append(batch, accepted_ms, vec![Arc::clone(cursor)], done);
    later.await.unwrap_or(false)
}

/// Counts what is lost and finds the answer.
fn settle(
    batch: &Batch,
    taken: bool,
    lost: &[(Arc<Outlet>, &'static str)],
    otherwise: Intake,
    counters: &Counters,
) -> Intake {
    // A relay client that nobody took anything from sends it again, so nothing is lost yet. Where
    // one destination has it, sending again would double it there.
    if taken || batch.source == Source::Own {
        for (outlet, reason) in lost {
            count(counters, Outcome::Dropped, batch, outlet, reason);
        }
    }
    if taken { Intake::Accepted } else { otherwise }
}

fn count(
    counters: &Counters,
    outcome: Outcome,
    batch: &Batch,
    outlet: &Outlet,
    reason: &'static str,
) {
    counters.add(outcome, batch.signal, &outlet.name, reason, batch.items);
}
