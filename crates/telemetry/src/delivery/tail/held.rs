//! What is held, and what is decided about it. No clock, no disk and no destination in here.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::piece::{Facts, Piece, TraceId};
use crate::config::Tail;
use crate::delivery::journal::Record;
use crate::delivery::routes::share;

/// Traces whose decision is remembered for spans that come late. Some five megabytes.
const REMEMBERED: usize = 65_536;

/// How the choice among whole traces is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct TailStatus {
    /// Traces that are not decided yet.
    pub traces: usize,
    /// Spans that are held, decided ones that wait for a queue included.
    pub spans: u64,
    /// Bytes they take.
    pub bytes: usize,
    /// Bytes they may take.
    pub max_bytes: usize,
    /// Traces that were kept since the start.
    pub kept: u64,
    /// Traces that were dropped since the start.
    pub dropped: u64,
    /// Traces that were decided before their time, because there was no room.
    pub early: u64,
    /// Spans that came after their trace had been decided.
    pub late: u64,
}

/// A piece with the batch on disk that it came in.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) piece: Piece,
    pub(super) record: Option<u64>,
}

#[derive(Debug)]
struct Trace {
    facts: Facts,
    pieces: Vec<Waiting>,
}

/// Everything that is held.
#[derive(Debug)]
pub(super) struct Held {
    /// `None` where nothing is to be held: all is kept.
    tail: Option<Tail>,
    bound: u64,
    traces: HashMap<TraceId, Trace>,
    /// The oldest first.
    order: VecDeque<(Instant, TraceId)>,
    /// What was decided, the oldest first.
    decided: HashMap<TraceId, bool>,
    decided_order: VecDeque<TraceId>,
    /// Kept, and not handed on yet.
    ready: Vec<Waiting>,
    ready_bytes: usize,
    /// Spans that were dropped and not counted yet.
    lost: u64,
    /// Room for what is being written.
    reserved: usize,
    /// Batches on disk with how many of their pieces are here; the first has the number `first`.
    records: VecDeque<(Arc<Record>, usize)>,
    first: u64,
    status: TailStatus,
}

impl Held {
    pub(super) fn new(tail: Option<Tail>) -> Self {
        Self {
            bound: share::bound(tail.map_or(1.0, |tail| tail.share)),
            traces: HashMap::new(),
            order: VecDeque::new(),
            decided: HashMap::new(),
            decided_order: VecDeque::new(),
            ready: Vec::new(),
            ready_bytes: 0,
            lost: 0,
            reserved: 0,
            records: VecDeque::new(),
            first: 0,
            status: TailStatus {
                max_bytes: tail.map_or(0, |tail| tail.bytes),
                ..TailStatus::default()
            },
            tail,
        }
    }

    /// Other settings. Traces that wait do so as long as if these had held when they came.
    pub(super) fn set(&mut self, tail: Option<Tail>) {
        match (self.tail, tail) {
            (Some(before), Some(tail)) => {
                for (due, _) in &mut self.order {
                    let first = due.checked_sub(before.wait);
                    *due = first
                        .and_then(|first| first.checked_add(tail.wait))
                        .unwrap_or(*due);
                }
            }
            // Nothing is held from now on.
            (_, None) => drop(self.due(None)),
            (None, Some(_)) => {}
        }
        if let Some(tail) = tail {
            self.bound = share::bound(tail.share);
            // Without a choice it stays: what was held needs it until it is handed on.
            self.status.max_bytes = tail.bytes;
        }
        self.tail = tail;
    }

    pub(super) fn status(&self) -> TailStatus {
        TailStatus {
            traces: self.traces.len(),
            ..self.status
        }
    }

    /// Makes room, at the cost of deciding on the oldest traces early where there is too little; a
    /// quarter is for what is decided and not handed on yet. Says whether there is any.
    pub(super) fn reserve(&mut self, cost: usize) -> bool {
        let limit = self.status.max_bytes;
        loop {
            let undecided = self.status.bytes - self.ready_bytes + self.reserved;
            if undecided.saturating_add(cost) <= limit - limit / 4 {
                break;
            }
            let Some((_, trace)) = self.order.pop_front() else {
                break;
            };
            self.status.early += 1;
            self.decide(trace);
        }
        let used = self.status.bytes + self.reserved;
        // A request larger than all the room there is goes alone.
        let fits = used == 0 || used.saturating_add(cost) <= limit;
        if fits {
            self.reserved += cost;
        }
        fits
    }

    /// Takes room, whether there is any or not.
    pub(super) fn force(&mut self, cost: usize) {
        self.reserved += cost;
    }

    /// Gives room back.
    pub(super) fn release(&mut self, cost: usize) {
        self.reserved -= cost;
    }

    /// Takes pieces of a request, and the batch they are in on disk.
    pub(super) fn insert(&mut self, now: Instant, pieces: Vec<Piece>, record: Option<Arc<Record>>) {
        let record = record.map(|record| {
            self.records.push_back((record, pieces.len()));
            self.first + self.records.len() as u64 - 1
        });
        for piece in pieces {
            self.status.bytes += piece.cost();
            self.status.spans += piece.items;
            let waiting = Waiting { piece, record };
            let piece = &waiting.piece;
            let Some(tail) = self.tail else {
                self.make_ready(waiting);
                continue;
            };
            match self.decided.get_mut(&piece.trace) {
                Some(kept) => {
                    // What an error belongs to is kept from then on, though its beginning is gone.
                    *kept |= piece.facts.error;
                    let kept = *kept;
                    self.status.late += piece.items;
                    if kept {
                        self.make_ready(waiting);
                    } else {
                        self.lose(&waiting);
                    }
                }
                None => {
                    let (id, facts) = (piece.trace, piece.facts);
                    let trace = self.traces.entry(id).or_insert_with(|| {
                        // So far ahead that it never comes, where the clock has no such time.
                        let far = Duration::from_secs(86_400);
                        let due = now.checked_add(tail.wait).unwrap_or(now + far);
                        self.order.push_back((due, id));
                        Trace {
                            facts,
                            pieces: Vec::new(),
                        }
                    });
                    trace.facts.join(facts);
                    trace.pieces.push(waiting);
                }
            }
        }
    }

    /// Decides on every trace whose time has come, on all of them where `now` is `None`; says when
    /// the next one is due.
    pub(super) fn due(&mut self, now: Option<Instant>) -> Option<Instant> {
        while let Some((due, trace)) = self.order.front().copied() {
            if now.is_some_and(|now| due > now) {
                return Some(due);
            }
            self.order.pop_front();
            self.decide(trace);
        }
        None
    }

    fn decide(&mut self, id: TraceId) {
        let Some(trace) = self.traces.remove(&id) else {
            return;
        };
        let kept = self.keeps(&id, &trace.facts);
        if self.decided_order.len() >= REMEMBERED
            && let Some(oldest) = self.decided_order.pop_front()
        {
            self.decided.remove(&oldest);
        }
        self.decided.insert(id, kept);
        self.decided_order.push_back(id);
        if kept {
            self.status.kept += 1;
        } else {
            self.status.dropped += 1;
        }
        for waiting in trace.pieces {
            if kept {
                self.make_ready(waiting);
            } else {
                self.lose(&waiting);
            }
        }
    }

    fn keeps(&self, id: &TraceId, facts: &Facts) -> bool {
        let Some(tail) = self.tail else {
            return true;
        };
        let took = Duration::from_nanos(facts.end.saturating_sub(facts.start));
        facts.error
            || tail.slower_than.is_some_and(|slow| took >= slow)
            || tail.share >= 1.0
            || share::place(id) < self.bound
    }

    fn make_ready(&mut self, waiting: Waiting) {
        self.ready_bytes += waiting.piece.cost();
        self.ready.push(waiting);
    }

    fn lose(&mut self, waiting: &Waiting) {
        self.lost += waiting.piece.items;
        self.done(waiting);
    }

    /// What is kept and to be handed on; its room is taken until [`Held::done`].
    pub(super) fn take_ready(&mut self) -> Vec<Waiting> {
        std::mem::take(&mut self.ready)
    }

    /// Takes back what could not be handed on.
    pub(super) fn put_back(&mut self, waiting: Vec<Waiting>) {
        let later = std::mem::replace(&mut self.ready, waiting);
        self.ready.extend(later);
    }

    /// A piece was handed on.
    pub(super) fn handed_on(&mut self, waiting: &Waiting) {
        self.ready_bytes -= waiting.piece.cost();
        self.done(waiting);
    }

    fn done(&mut self, waiting: &Waiting) {
        self.status.bytes -= waiting.piece.cost();
        self.status.spans -= waiting.piece.items;
        let at = waiting
            .record
            .and_then(|number| number.checked_sub(self.first));
        if let Some(at) = at.and_then(|at| usize::try_from(at).ok())
            && let Some((_, left)) = self.records.get_mut(at)
        {
            *left -= 1;
        }
    }

    /// The batches on disk that nobody needs any more, in their order.
    pub(super) fn finished(&mut self) -> Vec<Arc<Record>> {
        let mut finished = Vec::new();
        while self.records.front().is_some_and(|(_, left)| *left == 0)
            && let Some((record, _)) = self.records.pop_front()
        {
            self.first += 1;
            finished.push(record);
        }
        finished
    }

    /// Spans that were dropped since this was asked the last time.
    pub(super) fn lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.status.spans == 0 && self.reserved == 0
    }
}
