//! How a batch gets into the queues.
//!
//! A queue in memory has it at once. For durable ones it is written first, so the answer comes
//! later: a [`Ticket`].
//!
//! Rules may have cut a request into parts. Room is made for all of them before the first is
//! placed: a relay client whose request has a part that nobody has room for is asked to send all of
//! it again, and nothing of it was taken.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;

use super::journal::{Cursor, Journal, Refused};
use super::{Batch, Counters, Outcome, Outlet, now_ms};

/// What the intake did with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intake {
    /// At least one destination has each part of it, or it was empty.
    Accepted,
    /// No destination takes this signal: dropped and counted.
    NoDestination,
    /// Every destination that a part of it is for is full.
    Full,
    /// It could not be written to disk, for this reason.
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

    /// An answer that somebody else gives.
    pub(super) fn later(answer: oneshot::Receiver<Intake>) -> Self {
        Self(Answer::Later(answer))
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

/// A part of a request with where it is to go.
#[derive(Debug)]
pub(super) struct Placing {
    pub(super) batch: Batch,
    pub(super) outlets: Vec<Arc<Outlet>>,
    /// Whether somebody else has it already.
    pub(super) taken: bool,
}

/// A part with the room that there is for it.
#[derive(Debug)]
pub(super) struct Placed {
    batch: Batch,
    taken: bool,
    memory: Vec<Arc<Outlet>>,
    disk: Vec<Arc<Outlet>>,
    full: Vec<Arc<Outlet>>,
}

impl Placed {
    /// Makes room wherever there is any.
    fn reserve(placing: Placing) -> Self {
        let Placing {
            batch,
            outlets,
            taken,
        } = placing;
        let (mut memory, mut disk, mut full) = (Vec::new(), Vec::new(), Vec::new());
        for outlet in outlets {
            if outlet.queue.reserve(batch.body.len()).is_err() {
                full.push(outlet);
            } else if outlet.queue.is_durable() {
                disk.push(outlet);
            } else {
                memory.push(outlet);
            }
        }
        Self {
            batch,
            taken,
            memory,
            disk,
            full,
        }
    }

    fn has_room(&self) -> bool {
        self.taken || !self.memory.is_empty() || !self.disk.is_empty()
    }

    fn give_back(&self) {
        for outlet in self.memory.iter().chain(&self.disk) {
            outlet.queue.release(self.batch.body.len());
        }
    }
}

/// Puts the parts of a request into the queues of their destinations. `again` says that whoever
/// brings them brings them again where they are not taken; otherwise all that has room is taken and
/// the rest is lost.
pub(super) fn place(
    parts: Vec<Placing>,
    again: bool,
    journal: Option<&Journal>,
    counters: &Arc<Counters>,
) -> Ticket {
    match reserve(parts, again) {
        Some(parts) => put_all(parts, again, journal, counters),
        None => Ticket::known(Intake::Full),
    }
}

/// Makes room for all parts; `None`, and no room is taken, where one has none and all are brought
/// again.
pub(super) fn reserve(parts: Vec<Placing>, again: bool) -> Option<Vec<Placed>> {
    let parts: Vec<_> = parts.into_iter().map(Placed::reserve).collect();
    if again && !parts.iter().all(Placed::has_room) {
        parts.iter().for_each(Placed::give_back);
        return None;
    }
    Some(parts)
}

/// Puts parts for which there is room into the queues.
pub(super) fn put_all(
    parts: Vec<Placed>,
    again: bool,
    journal: Option<&Journal>,
    counters: &Arc<Counters>,
) -> Ticket {
    let answers = Arc::new(Answers(Mutex::new(Gathered {
        left: parts.len(),
        worst: Intake::Accepted,
        asked: None,
    })));
    for part in parts {
        put(part, again, journal, counters, &answers);
    }
    answers.ticket()
}

/// The answers of all parts, of which the worst counts.
struct Answers(Mutex<Gathered>);

struct Gathered {
    left: usize,
    worst: Intake,
    asked: Option<oneshot::Sender<Intake>>,
}

impl Answers {
    /// Learns the answer of one part.
    fn learn(&self, intake: Intake) {
        let mut gathered = self.lock();
        gathered.left -= 1;
        if gathered.worst == Intake::Accepted {
            gathered.worst = intake;
        }
        if gathered.left == 0
            && let Some(asked) = gathered.asked.take()
        {
            // Whoever asked may have gone away, which changes nothing.
            let _ = asked.send(gathered.worst);
        }
    }

    fn ticket(&self) -> Ticket {
        let mut gathered = self.lock();
        if gathered.left == 0 {
            return Ticket::known(gathered.worst);
        }
        let (asked, answer) = oneshot::channel();
        gathered.asked = Some(asked);
        Ticket(Answer::Later(answer))
    }

    /// No code panics while it holds the lock, so a poisoned state is still consistent.
    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn put(
    part: Placed,
    again: bool,
    journal: Option<&Journal>,
    counters: &Arc<Counters>,
    answers: &Arc<Answers>,
) {
    let Placed {
        batch,
        mut taken,
        memory,
        disk,
        full,
    } = part;
    let full = full.into_iter().map(|outlet| (outlet, "queue_full"));
    let mut lost: Vec<_> = full.collect();
    for outlet in memory {
        if outlet.queue.put(batch.clone()).is_ok() {
            taken = true;
            count(counters, Outcome::Accepted, &batch, &outlet, "");
        } else {
            lost.push((outlet, "queue_full"));
        }
    }
    let Some(journal) = journal.filter(|_| !disk.is_empty()) else {
        if taken || !again {
            count_lost(&batch, &lost, counters);
        }
        return answers.learn(if taken {
            Intake::Accepted
        } else {
            Intake::Full
        });
    };
    let cursors: Vec<Arc<Cursor>> = disk
        .iter()
        .filter_map(|outlet| outlet.queue.cursor().cloned())
        .collect();
    let (copy, counters, answers) = (batch.clone(), Arc::clone(counters), Arc::clone(answers));
    let done = Box::new(move |result: Result<_, Refused>| {
        let batch = copy;
        let mut otherwise = Intake::Full;
        match result {
            Ok(record) => {
                for outlet in &disk {
                    count(&counters, Outcome::Accepted, &batch, outlet, "");
                    outlet.queue.written(Arc::clone(&record), &batch.body);
                }
                taken = true;
            }
            Err(refused) => {
                otherwise = Intake::NotWritten(refused.reason());
                for outlet in disk {
                    outlet.queue.release(batch.body.len());
                    lost.push((outlet, refused.reason()));
                }
            }
        }
        // What is brought again is not lost yet. Where one destination has it, bringing it again
        // would double it there.
        if taken || !again {
            count_lost(&batch, &lost, &counters);
        }
        answers.learn(if taken { Intake::Accepted } else { otherwise });
    });
    journal.append(&batch, now_ms(), cursors, done);
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

/// Counts what does not arrive at some destinations.
fn count_lost(batch: &Batch, lost: &[(Arc<Outlet>, &'static str)], counters: &Counters) {
    for (outlet, reason) in lost {
        count(counters, Outcome::Dropped, batch, outlet, reason);
    }
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
