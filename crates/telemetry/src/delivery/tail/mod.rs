//! Holds traces back until they are known as a whole, and keeps or drops each of them.
//!
//! With queues on disk, what is held is on disk as well before it is accepted: it is a destination
//! of the journal like any other, whose batches are done once all their spans were dropped, or
//! accepted by the queues of the destinations they are for. After a crash everything that was
//! held, and some of what was handed on just then, is held anew.

mod held;
mod piece;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use super::journal::{Cursor, Record, Refused};
use super::placer::Placer;
use super::{Batch, Intake, Outcome, Source, Ticket, now_ms};
use crate::Signal;
use crate::config::Tail as Settings;
pub use held::TailStatus;
use held::{Held, Waiting};
use piece::Piece;

/// The name under which the journal has what is held. No destination can have it.
pub(super) const NAME: &str = "\u{1}tail";
/// The same in counts.
pub(super) const LABEL: &str = "tail";
/// Requests of what is kept have about this many bytes.
const REQUEST_BYTES: usize = 1024 * 1024;
/// Where no queue has room, requests that are smaller by this are tried after that long: a request
/// may be larger than a whole queue.
const SMALLER: usize = 8;
const AGAIN: Duration = Duration::from_millis(250);
/// The same once the process is about to end.
const AGAIN_AT_END: Duration = Duration::from_millis(20);

/// The choice among whole traces.
#[derive(Debug)]
pub(super) struct Tail {
    /// Whether anything is held. Where not, what was held before is handed on.
    on: AtomicBool,
    placer: Arc<Placer>,
    cursor: Option<Arc<Cursor>>,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    held: Held,
    /// Everything is decided at once, because the process is about to end.
    ending: bool,
    ended: bool,
}

impl Tail {
    pub(super) fn new(settings: Option<Settings>, placer: Arc<Placer>) -> Self {
        let journal = placer.journal.as_ref();
        Self {
            on: AtomicBool::new(settings.is_some()),
            cursor: journal.map(|journal| journal.cursor(NAME)),
            placer,
            state: Mutex::new(State {
                held: Held::new(settings),
                ending: false,
                ended: false,
            }),
            changed: Notify::new(),
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// From now on traces are chosen by other settings. Without any, those that are held are decided
    /// by the old ones, at once.
    pub(super) fn set(&self, settings: Option<Settings>) {
        let mut state = self.lock();
        state.held.set(settings);
        self.settle(&mut state.held);
        self.on.store(settings.is_some(), Ordering::Relaxed);
        drop(state);
        self.changed.notify_one();
    }

    pub(super) fn status(&self) -> Option<TailStatus> {
        self.is_on().then(|| self.lock().held.status())
    }

    /// Takes traces.
    pub(super) fn take(self: &Arc<Self>, batch: &Batch) -> Ticket {
        let Ok(pieces) = piece::cut(&batch.body, batch.source) else {
            self.count(batch.items, "malformed");
            return Ticket::known(Intake::Accepted);
        };
        let cost = pieces.iter().map(Piece::cost).sum();
        let room = {
            let mut state = self.lock();
            let room = !state.ended && state.held.reserve(cost);
            self.settle(&mut state.held);
            room
        };
        // Making room may have decided about something.
        self.changed.notify_one();
        if !room {
            return self.refused(batch, Intake::Full, "tail_full");
        }
        let (Some(cursor), Some(journal)) = (&self.cursor, &self.placer.journal) else {
            self.insert(pieces, cost, None);
            return Ticket::known(Intake::Accepted);
        };
        let (answer, later) = oneshot::channel();
        let (this, copy) = (Arc::clone(self), batch.clone());
        let done = Box::new(move |result: Result<Arc<Record>, Refused>| {
            let intake = match result {
                Ok(record) => {
                    this.insert(pieces, cost, Some(record));
                    Intake::Accepted
                }
                Err(refused) => {
                    this.lock().held.release(cost);
                    this.changed.notify_one();
                    let reason = refused.reason();
                    this.lose(&copy, reason);
                    Intake::NotWritten(reason)
                }
            };
            // Whoever asked may have gone away, which changes nothing.
            let _ = answer.send(intake);
        });
        journal.append(batch, now_ms(), vec![Arc::clone(cursor)], done);
        Ticket::later(later)
    }

    /// Takes what an earlier run held; blocks while it is read.
    pub(super) fn found(&self, record: &Arc<Record>) {
        let pieces = record.read().ok();
        let pieces = pieces.and_then(|body| piece::cut(&body, record.source).ok());
        let Some(pieces) = pieces else {
            self.count(record.items, "damaged");
            return self.insert(Vec::new(), 0, Some(Arc::clone(record)));
        };
        let cost = pieces.iter().map(Piece::cost).sum();
        {
            let mut state = self.lock();
            // There was room for it in the run before. Where there is not now, it is there anyway.
            if !state.held.reserve(cost) {
                state.held.force(cost);
            }
        }
        self.insert(pieces, cost, Some(Arc::clone(record)));
    }

    fn insert(&self, pieces: Vec<Piece>, cost: usize, record: Option<Arc<Record>>) {
        let mut state = self.lock();
        state.held.release(cost);
        state.held.insert(Instant::now(), pieces, record);
        self.settle(&mut state.held);
        drop(state);
        self.changed.notify_one();
    }

    fn refused(&self, batch: &Batch, intake: Intake, reason: &'static str) -> Ticket {
        self.lose(batch, reason);
        Ticket::known(intake)
    }

    /// Counts what nobody sends again.
    fn lose(&self, batch: &Batch, reason: &'static str) {
        if batch.source == Source::Own {
            self.count(batch.items, reason);
        }
    }

    fn count(&self, items: u64, reason: &'static str) {
        let (counters, label) = (&self.placer.counters, Arc::from(LABEL));
        counters.add(Outcome::Dropped, Signal::Traces, &label, reason, items);
    }

    /// Counts what was dropped, and tells the journal what is not needed any more. The state is
    /// locked meanwhile, because batches are settled in their order.
    fn settle(&self, held: &mut Held) {
        let lost = held.lost();
        if lost > 0 {
            self.count(lost, "not_chosen");
        }
        for record in held.finished() {
            if let Some(cursor) = &self.cursor {
                cursor.settle(&record);
            }
        }
    }

    /// Decides when it is time, and hands on what is kept; ends after [`Tail::end`], once all is
    /// handed on.
    pub(super) async fn run(self: Arc<Self>) {
        let mut bytes = REQUEST_BYTES;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let (ready, next, ending) = {
                let mut state = self.lock();
                let now = (!state.ending).then(Instant::now);
                let next = state.held.due(now);
                self.settle(&mut state.held);
                let ready = state.held.take_ready();
                if ready.is_empty() && state.ending && state.held.is_empty() {
                    state.ended = true;
                    return;
                }
                (ready, next, state.ending)
            };
            if !ready.is_empty() {
                if self.hand_on(ready, bytes).await {
                    bytes = REQUEST_BYTES;
                } else {
                    bytes /= SMALLER;
                    let wait = if ending { AGAIN_AT_END } else { AGAIN };
                    tokio::time::sleep(wait).await;
                }
                continue;
            }
            let due = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = changed => {}
            }
        }
    }

    /// Gives what is kept to the destinations, in requests of about so many bytes; says whether all
    /// of it was taken.
    async fn hand_on(&self, ready: Vec<Waiting>, bytes: usize) -> bool {
        let mut left = Vec::new();
        for request in requests(ready, bytes) {
            let Some(first) = request.first() else {
                continue;
            };
            let pieces = request.iter().map(|waiting| &waiting.piece);
            let batch = Batch {
                signal: Signal::Traces,
                source: first.piece.source,
                items: pieces.clone().map(|piece| piece.items).sum(),
                body: piece::join(pieces).into(),
            };
            match self.placer.take_chosen(&batch).settled().await {
                Intake::Accepted | Intake::NoDestination => {
                    let mut state = self.lock();
                    for waiting in &request {
                        state.held.handed_on(waiting);
                    }
                    self.settle(&mut state.held);
                }
                Intake::Full | Intake::NotWritten(_) => left.extend(request),
            }
        }
        if left.is_empty() {
            return true;
        }
        self.lock().held.put_back(left);
        false
    }

    /// Decides on everything, and from then on at once.
    pub(super) fn end(&self) {
        self.lock().ending = true;
        self.changed.notify_one();
    }

    /// Decides on everything that is held now.
    pub(super) fn hurry(&self) {
        self.lock().held.due(None);
        self.changed.notify_one();
    }

    /// Spans that are still held.
    pub(super) fn left(&self) -> u64 {
        self.lock().held.status().spans
    }

    pub(super) fn is_durable(&self) -> bool {
        self.cursor.is_some()
    }

    /// No code panics while it holds the lock, so a poisoned state is still consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Pieces by the request that they are sent in: of one source, and about so many bytes.
fn requests(ready: Vec<Waiting>, most: usize) -> Vec<Vec<Waiting>> {
    let mut requests = Vec::new();
    let (own, relayed): (Vec<_>, Vec<_>) = ready
        .into_iter()
        .partition(|waiting| waiting.piece.source == Source::Own);
    for pieces in [own, relayed] {
        let (mut request, mut bytes) = (Vec::new(), 0);
        for waiting in pieces {
            bytes += waiting.piece.bytes();
            request.push(waiting);
            if bytes >= most {
                requests.push(std::mem::take(&mut request));
                bytes = 0;
            }
        }
        requests.push(request);
    }
    requests
}
