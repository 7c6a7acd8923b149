//! The bounded queue in front of one destination.
//!
//! Bounded in bytes, because a batch can hold one span or ten thousand. The oldest batches stay in
//! the queue while they are being sent, so their bytes keep counting until their fate is known. A queue
//! is in memory, or durable: then the journal has the bodies, and in here is only what is needed
//! to find them, with the youngest bodies for a destination that keeps up.

mod giving;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;

use super::journal::{Cursor, Record};
use super::waiting::{Body, Waiting};
use super::{Batch, now_ms};
use crate::Signal;

/// What a waiting batch costs in memory besides its body.
const OVERHEAD: usize = 128;
/// What it costs at least where its body is on disk: many small ones take memory, too.
const LEAST_ON_DISK: usize = 1024;
/// Bodies of a durable queue that are kept in memory as well, in bytes.
const KEPT_BYTES: usize = 1024 * 1024;
/// Whatever the clock says, what is found at the start has this long to be delivered.
const GRACE: Duration = Duration::from_secs(600);

/// Batches are given out together up to this many bytes.
pub(super) const LARGEST_GROUP: usize = 256 * 1024;

/// There is no room for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// The queue of one destination.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    limit: AtomicUsize,
    changed: Notify,
    durable: Option<Durable>,
}

#[derive(Debug)]
struct Durable {
    cursor: Arc<Cursor>,
    max_age: Duration,
}

#[derive(Debug, Default)]
struct State {
    batches: VecDeque<Waiting>,
    /// With what is reserved.
    bytes: usize,
    /// Of bodies of a durable queue that are in memory.
    kept: usize,
    items: [u64; 3],
    closed: bool,
    /// Number of the oldest batch.
    first: u64,
    /// All in front of this place are with a sender, or done.
    given: usize,
    /// How many of those are done; an older one is not.
    done: usize,
    /// Bytes of bodies that nobody has yet.
    idle: usize,
    /// When batches were given out last.
    given_at: Option<Instant>,
}

/// How full a queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Level {
    pub(crate) bytes: usize,
    pub(crate) batches: usize,
    /// Spans, log records and data points, in the order of [`Signal::ALL`].
    pub(crate) items: [u64; 3],
    /// How long the oldest batch has been waiting.
    pub(crate) age: Duration,
}

impl Queue {
    /// A queue in memory.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::default(),
            limit: AtomicUsize::new(limit),
            changed: Notify::new(),
            durable: None,
        }
    }

    /// A queue whose batches are on disk.
    pub(super) fn durable(limit: usize, max_age: Duration, cursor: Arc<Cursor>) -> Self {
        Self {
            durable: Some(Durable { cursor, max_age }),
            ..Self::new(limit)
        }
    }

    /// How far this destination is; `None` for a queue in memory.
    pub(super) fn cursor(&self) -> Option<&Arc<Cursor>> {
        self.durable.as_ref().map(|durable| &durable.cursor)
    }

    /// Whether what waits is on disk.
    pub(crate) fn is_durable(&self) -> bool {
        self.durable.is_some()
    }

    /// Adds a batch to a queue in memory for which there is room already. Refuses it, and gives the
    /// room back, where the queue was closed since.
    ///
    /// Needs no runtime: it is called from threads of the SDK.
    pub(crate) fn put(&self, batch: Batch) -> Result<(), Full> {
        let cost = self.cost(batch.body.len());
        if self.lock().closed {
            self.release(batch.body.len());
            return Err(Full);
        }
        self.add(Waiting {
            signal: batch.signal,
            items: batch.items,
            until: None,
            accepted_ms: now_ms(),
            cost,
            given: false,
            done: false,
            alone: false,
            body: Body::Memory(batch),
        });
        Ok(())
    }

    /// Makes room for a body of this length, or refuses it where it would exceed the bound or the
    /// queue is closed.
    pub(super) fn reserve(&self, length: usize) -> Result<(), Full> {
        let cost = self.cost(length);
        let mut state = self.lock();
        if state.closed || state.bytes.saturating_add(cost) > self.limit() {
            return Err(Full);
        }
        state.bytes += cost;
        Ok(())
    }

    /// Gives such room back.
    pub(super) fn release(&self, length: usize) {
        self.lock().bytes -= self.cost(length);
    }

    /// What a body of this length costs.
    fn cost(&self, length: usize) -> usize {
        if self.is_durable() {
            (length + OVERHEAD).max(LEAST_ON_DISK)
        } else {
            length + OVERHEAD
        }
    }

    /// Adds a batch that has been written, for which there is room already.
    pub(super) fn written(&self, record: Arc<Record>, body: &Bytes) {
        let until = self.durable.as_ref().map_or(Duration::ZERO, |d| d.max_age);
        let kept = {
            let mut state = self.lock();
            let fits = state.kept.saturating_add(body.len()) <= KEPT_BYTES;
            state.kept += if fits { body.len() } else { 0 };
            fits.then(|| body.clone())
        };
        self.add(Waiting {
            signal: record.signal,
            items: record.items,
            until: Instant::now().checked_add(until),
            accepted_ms: record.accepted_ms,
            cost: self.cost(record.length as usize),
            given: false,
            done: false,
            alone: false,
            body: Body::Disk(record, kept),
        });
    }

    /// Adds a batch that was found on disk, whether there is room or not.
    pub(super) fn found(&self, record: Arc<Record>) {
        let max_age = self.durable.as_ref().map_or(Duration::ZERO, |d| d.max_age);
        let age = Duration::from_millis(now_ms().saturating_sub(record.accepted_ms));
        let left = max_age.saturating_sub(age).max(GRACE.min(max_age));
        self.on_disk(record, Instant::now().checked_add(left), false);
    }

    /// Adds a batch that was not taken for long and was put behind all others.
    pub(super) fn again(&self, record: Arc<Record>, until: Option<Instant>) {
        self.on_disk(record, until, true);
    }

    /// Adds a batch that is on disk, whether there is room or not.
    fn on_disk(&self, record: Arc<Record>, until: Option<Instant>, alone: bool) {
        let cost = self.cost(record.length as usize);
        self.lock().bytes += cost;
        self.add(Waiting {
            signal: record.signal,
            items: record.items,
            until,
            accepted_ms: record.accepted_ms,
            cost,
            given: false,
            done: false,
            alone,
            body: Body::Disk(record, None),
        });
    }

    fn add(&self, waiting: Waiting) {
        let mut state = self.lock();
        state.items[waiting.signal.index()] += waiting.items;
        let before = state.idle;
        state.idle += waiting.length();
        // Between these a sender looks by itself once the pause is over.
        let tell = before == 0 || state.idle >= LARGEST_GROUP;
        state.batches.push_back(waiting);
        drop(state);
        if tell {
            self.changed.notify_one();
        }
    }

    /// Tells that the fate of so many items of a batch is known. Its bytes stay.
    pub(crate) fn settle(&self, number: u64, items: u64) {
        let mut state = self.lock();
        let state = &mut *state;
        if let Some(waiting) = state.at(number) {
            let settled = items.min(waiting.items);
            let signal = waiting.signal.index();
            waiting.items -= settled;
            state.items[signal] -= settled;
        }
    }

    /// Removes a batch, also from the disk, once all before it are gone.
    pub(crate) fn finish(&self, number: u64) {
        let mut gone = Vec::new();
        {
            let mut state = self.lock();
            let state = &mut *state;
            if let Some(waiting) = state.at(number).filter(|waiting| !waiting.done) {
                let (items, signal) = (waiting.items, waiting.signal.index());
                let (mut freed, mut kept) = (0, 0);
                // It is one that expired.
                let idle = if waiting.given { 0 } else { waiting.length() };
                waiting.items = 0;
                waiting.done = true;
                match &mut waiting.body {
                    Body::Memory(batch) => {
                        batch.body = Bytes::new();
                        freed = std::mem::take(&mut waiting.cost);
                    }
                    // The disk has it until those before it are gone.
                    Body::Disk(_, body) => kept = body.take().map_or(0, |body| body.len()),
                }
                state.items[signal] -= items;
                state.bytes -= freed;
                state.kept -= kept;
                state.idle -= idle;
                state.done += 1;
            }
            while state.batches.front().is_some_and(|waiting| waiting.done)
                && let Some(waiting) = state.batches.pop_front()
            {
                state.first += 1;
                state.done -= 1;
                state.given = state.given.saturating_sub(1);
                state.bytes -= waiting.cost;
                gone.push(waiting.body);
            }
        }
        for body in gone {
            if let (Body::Disk(record, _), Some(durable)) = (body, &self.durable) {
                durable.cursor.settle(&record);
            }
        }
    }

    /// Removes the oldest batch where its time is over; says what was in it.
    pub(super) fn expire(&self, now: Instant) -> Option<(Signal, u64)> {
        let (number, oldest) = {
            let state = self.lock();
            let oldest = state.batches.front()?;
            let over = oldest.until.is_some_and(|until| until <= now);
            let oldest = over.then_some((oldest.signal, oldest.items))?;
            (state.first, oldest)
        };
        self.finish(number);
        Some(oldest)
    }

    /// Takes no more batches; [`Queue::next`] answers `None` once the rest is gone.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    pub(crate) fn level(&self) -> Level {
        let state = self.lock();
        let oldest = state.batches.front();
        Level {
            bytes: state.bytes,
            batches: state.batches.len() - state.done,
            items: state.items,
            age: oldest.map(Waiting::age).unwrap_or_default(),
        }
    }

    pub(crate) fn queued(&self, signal: Signal) -> u64 {
        self.lock().items[signal.index()]
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// Sets the bound; what waits beyond it stays.
    pub(super) fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// No code panics while it holds the lock, so a poisoned state is still consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The batch of that number, where it is still there.
    fn at(&mut self, number: u64) -> Option<&mut Waiting> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.batches.get_mut(at)
    }
}
