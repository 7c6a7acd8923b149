//! Waiting records: cut into batches, bounded in bytes, every loss counted.
//!
//! Records arrive encoded, each as one element of its scope's list. Per signal they are appended to an open
//! batch until that is large or old enough; what goes out is one resource and one scope wrapped around those
//! bytes. Batches stay until an answer has come, so that they can be sent again.

use crate::counts::{Counts, Reason};
use crate::protobuf::Writer;
use crate::{Signal, retry};

/// A batch is closed before it grows beyond this. Chosen so that one always fits into the budget for
/// requests that outlive the page, even uncompressed.
pub const MAX_BATCH_BYTES: usize = 48 * 1024;

/// Nor are there more items than this in one, as in other OpenTelemetry SDKs.
pub const MAX_BATCH_ITEMS: u32 = 512;

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

#[derive(Debug)]
struct Batch {
    id: u32,
    signal: Signal,
    body: Vec<u8>,
    items: u32,
    attempts: u32,
    due: f64,
    /// More records may be added.
    open: bool,
    in_flight: bool,
}

/// A batch on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Names the batch when its answer is reported; never 0.
    pub id: u32,
    /// What is in it, hence where it goes.
    pub signal: Signal,
    /// How many items it holds.
    pub items: u32,
}

/// The bounded queue of all three signals. Times are milliseconds since the Unix epoch.
#[derive(Debug, Default)]
pub struct Queue {
    /// Most bytes that may wait, including batches whose answer is outstanding.
    pub limit: usize,
    /// How long records wait for company, in milliseconds.
    pub delay: f64,
    used: usize,
    /// In the order in which they were begun.
    batches: Vec<Batch>,
    hold_until: f64,
    last_id: u32,
    /// What has arrived, and what was lost.
    pub counts: Counts,
}

impl Queue {
    /// A queue that takes nothing before it has a limit.
    pub const fn new() -> Self {
        Self {
            limit: 0,
            delay: 0.0,
            used: 0,
            batches: Vec::new(),
            hold_until: 0.0,
            last_id: 0,
            counts: Counts::new(),
        }
    }

    /// Bytes waiting, including batches whose answer is outstanding.
    pub const fn bytes(&self) -> usize {
        self.used
    }

    /// Records waiting, including those whose answer is outstanding.
    pub fn items(&self) -> u32 {
        self.batches.iter().map(|batch| batch.items).sum()
    }

    /// Adds `record`, holding `items` items. Room is made by dropping the oldest waiting batch: after an
    /// outage the recent past is worth more than the start of it.
    pub fn push(&mut self, signal: Signal, record: &[u8], items: u32, now: f64) {
        if record.len() > MAX_BATCH_BYTES {
            return self.counts.lost(signal, Reason::TooLarge, items);
        }
        while self.used + record.len() > self.limit {
            let Some(oldest) = self.batches.iter().position(|batch| !batch.in_flight) else {
                return self.counts.lost(signal, Reason::QueueFull, items);
            };
            self.remove(oldest, Some(Reason::QueueFull));
        }
        self.used += record.len();
        for batch in &mut self.batches {
            if batch.open && batch.signal == signal {
                if batch.body.len() + record.len() <= MAX_BATCH_BYTES
                    && batch.items.saturating_add(items) <= MAX_BATCH_ITEMS
                {
                    batch.body.extend_from_slice(record);
                    batch.items += items;
                    return;
                }
                batch.open = false;
                batch.due = now;
            }
        }
        self.last_id = self.last_id.wrapping_add(1).max(1);
        self.batches.push(Batch {
            id: self.last_id,
            signal,
            body: record.to_vec(),
            items,
            attempts: 0,
            due: now + self.delay,
            open: true,
            in_flight: false,
        });
    }

    /// When the first batch is due, which may be in the past; infinite when nothing waits.
    pub fn due(&self) -> f64 {
        let mut first = f64::INFINITY;
        for batch in &self.batches {
            if !batch.in_flight && batch.due < first {
                first = batch.due;
            }
        }
        first.max(self.hold_until)
    }

    /// Forgets the pause after a failure, for example because the browser is online again.
    pub fn resume(&mut self) {
        self.hold_until = 0.0;
        for batch in &mut self.batches {
            batch.due = 0.0;
        }
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
        let limit = limit.saturating_sub(envelope.overhead());
        for batch in &mut self.batches {
            let wanted = match mode {
                Mode::Due => batch.due <= now,
                Mode::Flush => batch.attempts == 0,
                Mode::Final => true,
            };
            if wanted && !batch.in_flight && batch.body.len() <= limit {
                batch.open = false;
                batch.in_flight = true;
                batch.attempts += 1;
                envelope.wrap(&batch.body, out);
                return Some(Taken {
                    id: batch.id,
                    signal: batch.signal,
                    items: batch.items,
                });
            }
        }
        None
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
        let waits = |batch: &Batch| batch.id == id && batch.in_flight;
        let Some(at) = self.batches.iter().position(waits) else {
            return;
        };
        let batch = &mut self.batches[at];
        let signal = batch.signal;
        let dropped = match retry::decide(status, batch.attempts, retry_after, jitter) {
            retry::Verdict::Delivered => {
                let rejected = rejected.min(batch.items);
                self.counts.arrived(signal, batch.items - rejected);
                self.counts.lost(signal, Reason::Rejected, rejected);
                self.hold_until = 0.0;
                None
            }
            retry::Verdict::Retry(pause) => {
                batch.in_flight = false;
                batch.due = now + pause;
                // The others go to the same place; they wait as well.
                self.hold_until = batch.due;
                return;
            }
            retry::Verdict::TakenOver => None,
            retry::Verdict::Refused => Some(Reason::Refused),
            retry::Verdict::Exhausted => Some(Reason::RetriesExhausted),
        };
        self.remove(at, dropped);
    }

    fn remove(&mut self, at: usize, dropped: Option<Reason>) {
        let batch = self.batches.remove(at);
        self.used -= batch.body.len();
        if let Some(reason) = dropped {
            self.counts.lost(batch.signal, reason, batch.items);
        }
    }
}

/// Resource and scope, encoded once; the same around every batch.
///
/// The three request messages have the same shape and field numbers: `resource_* = 1 { resource = 1,
/// scope_* = 2 { scope = 1, records = 2 } }`.
#[derive(Debug, Default)]
pub struct Envelope {
    /// Content of the `Resource` message.
    pub resource: Writer,
    /// Content of the `InstrumentationScope` message.
    pub scope: Writer,
}

impl Envelope {
    /// Two empty messages.
    pub const fn new() -> Self {
        Self {
            resource: Writer::new(),
            scope: Writer::new(),
        }
    }

    /// Most bytes that [`wrap`](Self::wrap) adds: the two messages, four keys and four lengths.
    pub const fn overhead(&self) -> usize {
        self.resource.as_bytes().len() + self.scope.as_bytes().len() + 4 * 6
    }

    /// Writes the request for `records`, replacing what `out` held.
    pub fn wrap(&self, records: &[u8], out: &mut Writer) {
        out.clear();
        let by_resource = out.begin(1);
        out.bytes_always(1, self.resource.as_bytes());
        let by_scope = out.begin(2);
        out.bytes_always(1, self.scope.as_bytes());
        out.raw(records);
        out.end(by_scope);
        out.end(by_resource);
    }
}
