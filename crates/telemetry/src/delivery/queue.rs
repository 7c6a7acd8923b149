//! The bounded queue in front of one destination.
//!
//! Bounded in bytes, because a batch can hold one span or ten thousand. The oldest batch stays in
//! the queue while it is being sent, so its bytes keep counting until its fate is known.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Batch;
use crate::Signal;

/// What a waiting batch costs besides its body.
const OVERHEAD: usize = 128;

/// There is no room for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    limit: usize,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    batches: VecDeque<Batch>,
    bytes: usize,
    items: [u64; 3],
    closed: bool,
}

/// How full a queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Level {
    pub(crate) bytes: usize,
    pub(crate) batches: usize,
    /// Spans, log records and data points, in the order of [`Signal::ALL`].
    pub(crate) items: [u64; 3],
}

impl Queue {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::default(),
            limit,
            changed: Notify::new(),
        }
    }

    /// Adds a batch, or refuses it where it would exceed the bound or the queue is closed.
    ///
    /// Needs no runtime: it is called from threads of the SDK.
    pub(crate) fn push(&self, batch: Batch) -> Result<(), Full> {
        let cost = batch.body.len() + OVERHEAD;
        {
            let mut state = self.lock();
            if state.closed || state.bytes.saturating_add(cost) > self.limit {
                return Err(Full);
            }
            state.bytes += cost;
            state.items[batch.signal.index()] += batch.items;
            state.batches.push_back(batch);
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for the oldest batch without removing it; `None` once closed and empty.
    pub(crate) async fn front(&self) -> Option<Batch> {
        loop {
            let changed = self.changed.notified();
            {
                let state = self.lock();
                if let Some(batch) = state.batches.front() {
                    return Some(batch.clone());
                }
                if state.closed {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// Tells that the fate of so many items of the oldest batch is known. Its bytes stay.
    pub(crate) fn settle(&self, items: u64) {
        let mut state = self.lock();
        let state = &mut *state;
        if let Some(batch) = state.batches.front_mut() {
            let settled = items.min(batch.items);
            batch.items -= settled;
            state.items[batch.signal.index()] -= settled;
        }
    }

    /// Removes the oldest batch.
    pub(crate) fn pop(&self) {
        let mut state = self.lock();
        if let Some(batch) = state.batches.pop_front() {
            state.bytes -= batch.body.len() + OVERHEAD;
            state.items[batch.signal.index()] -= batch.items;
        }
    }

    /// Takes no more batches; [`Queue::front`] answers `None` once the rest is gone.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    pub(crate) fn level(&self) -> Level {
        let state = self.lock();
        Level {
            bytes: state.bytes,
            batches: state.batches.len(),
            items: state.items,
        }
    }

    pub(crate) fn queued(&self, signal: Signal) -> u64 {
        self.lock().items[signal.index()]
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// No code panics while it holds the lock, so a poisoned state is still consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
