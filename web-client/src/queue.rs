//! Waiting records: cut into batches, bounded in bytes, every loss counted.
//!
//! Records arrive encoded, each as one element of its scope's list. Per signal they are appended to an open
//! batch; when it is large or old enough it is sealed, and what goes out is one resource and one scope
//! wrapped around those bytes. Sealed batches stay until an answer has come, so that they can be sent again.

use crate::drops::{Drops, Reason};
use crate::protobuf::Writer;
use crate::{Signal, retry};

/// A batch is sealed before it grows beyond this. Chosen so that one always fits into the budget for
/// requests that outlive the page, even uncompressed.
pub const MAX_BATCH_BYTES: usize = 48 * 1024;

/// How urgently batches are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Only what is due.
    Due = 0,
    /// Whatever has not been tried yet.
    Flush = 1,
    /// Everything that fits the limit: the page may be gone in a moment.
    Final = 2,
}

#[derive(Debug, Default)]
struct Open {
    body: Vec<u8>,
    items: u32,
    due: f64,
}

#[derive(Debug)]
struct Batch {
    id: u32,
    signal: Signal,
    body: Vec<u8>,
    items: u32,
    attempts: u32,
    due: f64,
    in_flight: bool,
}

/// A batch on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Names the batch when its answer is reported; never 0.
    pub id: u32,
    /// What is in it, hence where it goes.
    pub signal: Signal,
}

/// The bounded queue of all three signals. Times are milliseconds since the Unix epoch.
#[derive(Debug)]
pub struct Queue {
    limit: usize,
    delay: f64,
    used: usize,
    open: [Open; 3],
    sealed: Vec<Batch>,
    /// When the first of the sealed batches is due; infinite if none waits. Asked for after every record.
    sealed_due: f64,
    hold_until: f64,
    last_id: u32,
    exported: [u32; 3],
    /// What was lost, and why.
    pub drops: Drops,
}

impl Queue {
    /// A queue of at most `limit` bytes whose records wait at most `delay` milliseconds for company.
    pub fn new(limit: usize, delay: f64) -> Self {
        Self {
            limit,
            delay,
            used: 0,
            open: Default::default(),
            sealed: Vec::new(),
            sealed_due: f64::INFINITY,
            hold_until: 0.0,
            last_id: 0,
            exported: [0; 3],
            drops: Drops::default(),
        }
    }

    /// Bytes waiting, including batches whose answer is outstanding.
    pub const fn bytes(&self) -> usize {
        self.used
    }

    /// Records waiting, including those whose answer is outstanding.
    pub fn items(&self) -> u32 {
        self.open
            .iter()
            .map(|open| open.items)
            .chain(self.sealed.iter().map(|batch| batch.items))
            .sum()
    }

    /// Records a backend has taken, by signal.
    pub const fn exported(&self, signal: Signal) -> u32 {
        self.exported[signal as usize]
    }

    /// Adds `record`, holding `items` items. Room is made by dropping the oldest waiting batch: after an
    /// outage the recent past is worth more than the start of it.
    pub fn push(&mut self, signal: Signal, record: &[u8], items: u32, now: f64) {
        if record.len() > MAX_BATCH_BYTES {
            return self.drops.add(signal, Reason::TooLarge, items);
        }
        while self.used + record.len() > self.limit {
            let Some(oldest) = self.sealed.iter().position(|batch| !batch.in_flight) else {
                return self.drops.add(signal, Reason::QueueFull, items);
            };
            self.remove(oldest, Some(Reason::QueueFull));
        }
        if self.open[signal as usize].body.len() + record.len() > MAX_BATCH_BYTES {
            self.seal(signal, now);
        }
        let open = &mut self.open[signal as usize];
        if open.items == 0 {
            open.due = now + self.delay;
        }
        open.body.extend_from_slice(record);
        open.items += items;
        self.used += record.len();
    }

    /// Milliseconds until a batch becomes due, 0 if one is; `None` when nothing waits.
    pub fn wake(&self, now: f64) -> Option<f64> {
        let open = self
            .open
            .iter()
            .filter(|open| open.items > 0)
            .map(|open| open.due);
        let first = open.fold(self.sealed_due, f64::min);
        first
            .is_finite()
            .then(|| (first.max(self.hold_until) - now).max(0.0))
    }

    /// To be called whenever a sealed batch comes, goes, or changes its state.
    fn note_due(&mut self) {
        let waiting = self.sealed.iter().filter(|batch| !batch.in_flight);
        self.sealed_due = waiting.map(|batch| batch.due).fold(f64::INFINITY, f64::min);
    }

    /// Forgets the pause after a failure, for example because the browser is online again.
    pub fn resume(&mut self) {
        self.hold_until = 0.0;
        for batch in &mut self.sealed {
            batch.due = 0.0;
        }
        self.note_due();
    }

    /// Takes a batch of at most `limit` bytes and assembles the whole request in `out`.
    pub fn take(
        &mut self,
        mode: Mode,
        limit: usize,
        now: f64,
        envelope: &Envelope,
        out: &mut Writer,
    ) -> Option<Taken> {
        if mode == Mode::Due && now < self.hold_until {
            return None;
        }
        for signal in Signal::ALL {
            let open = &self.open[signal as usize];
            if open.items > 0 && (mode != Mode::Due || open.due <= now) {
                self.seal(signal, now);
            }
        }
        let limit = limit.saturating_sub(envelope.overhead());
        let batch = self.sealed.iter_mut().find(|batch| {
            let wanted = match mode {
                Mode::Due => batch.due <= now,
                Mode::Flush => batch.attempts == 0,
                Mode::Final => true,
            };
            wanted && !batch.in_flight && batch.body.len() <= limit
        })?;
        batch.in_flight = true;
        batch.attempts += 1;
        envelope.wrap(&batch.body, out);
        let taken = Taken {
            id: batch.id,
            signal: batch.signal,
        };
        self.note_due();
        Some(taken)
    }

    /// Reports the answer to a batch: see [`retry::decide`] for the parameters; `rejected` counts the items
    /// the backend threw away. Unknown ids are ignored.
    pub fn answered(
        &mut self,
        id: u32,
        status: u32,
        retry_after: f64,
        jitter: f64,
        rejected: u32,
        now: f64,
    ) {
        let Some(at) = self
            .sealed
            .iter()
            .position(|batch| batch.id == id && batch.in_flight)
        else {
            return;
        };
        let batch = &mut self.sealed[at];
        let signal = batch.signal;
        match retry::decide(status, batch.attempts, retry_after, jitter) {
            retry::Verdict::Delivered => {
                let rejected = rejected.min(batch.items);
                self.exported[signal as usize] += batch.items - rejected;
                self.drops.add(signal, Reason::Rejected, rejected);
                self.hold_until = 0.0;
                self.remove(at, None);
            }
            retry::Verdict::Retry(pause) => {
                batch.in_flight = false;
                batch.due = now + pause;
                // The others go to the same place; they wait as well.
                self.hold_until = batch.due;
                self.note_due();
            }
            retry::Verdict::Refused => self.remove(at, Some(Reason::Refused)),
            retry::Verdict::Exhausted => self.remove(at, Some(Reason::RetriesExhausted)),
        }
    }

    fn seal(&mut self, signal: Signal, now: f64) {
        let open = std::mem::take(&mut self.open[signal as usize]);
        self.last_id = self.last_id.wrapping_add(1).max(1);
        self.sealed.push(Batch {
            id: self.last_id,
            signal,
            body: open.body,
            items: open.items,
            attempts: 0,
            due: now,
            in_flight: false,
        });
        self.sealed_due = self.sealed_due.min(now);
    }

    fn remove(&mut self, at: usize, dropped: Option<Reason>) {
        let batch = self.sealed.remove(at);
        self.used = self.used.saturating_sub(batch.body.len());
        if let Some(reason) = dropped {
            self.drops.add(batch.signal, reason, batch.items);
        }
        self.note_due();
    }
}

/// Resource and scope, encoded once; the same around every batch.
///
/// The three request messages have the same shape and field numbers: `resource_* = 1 { resource = 1,
/// scope_* = 2 { scope = 1, records = 2 } }`.
#[derive(Debug, Default)]
pub struct Envelope {
    /// Content of the `Resource` message.
    pub resource: Vec<u8>,
    /// Content of the `InstrumentationScope` message.
    pub scope: Vec<u8>,
}

impl Envelope {
    /// Most bytes that [`wrap`](Self::wrap) adds: the two messages, four keys and four lengths.
    pub const fn overhead(&self) -> usize {
        self.resource.len() + self.scope.len() + 4 * 6
    }

    /// Writes the request for `records`, replacing what `out` held.
    pub fn wrap(&self, records: &[u8], out: &mut Writer) {
        out.clear();
        let by_resource = out.begin(1);
        out.bytes_always(1, &self.resource);
        let by_scope = out.begin(2);
        out.bytes_always(1, &self.scope);
        out.raw(records);
        out.end(by_scope);
        out.end(by_resource);
    }
}
