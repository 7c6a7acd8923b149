//! One telemetry client: frames in, requests out.
//!
//! Measurements are added up in TypeScript, where that is a map and ten lines; here a metric arrives when its
//! interval is over, and is encoded as everything else.

use crate::counts::Reason;
use crate::frame::Frame;
use crate::protobuf::Writer;
use crate::queue::{Envelope, Mode, Queue, Taken};
use crate::schema::{self, Message};
use crate::{Signal, attributes, response};

/// First number of each record in a frame.
mod record {
    pub(super) const SPAN: u32 = 0;
    pub(super) const LOG: u32 = 1;
    pub(super) const METRIC: u32 = 2;
    pub(super) const LOSS: u32 = 3;
    pub(super) const SETTINGS: u32 = 4;
}

/// A client with its settings and its queue. Times are milliseconds since the Unix epoch.
#[derive(Debug, Default)]
pub struct Client {
    envelope: Envelope,
    queue: Queue,
    scratch: Writer,
    request: Writer,
}

impl Client {
    /// A client that still has to be told its settings, in its first frame.
    pub const fn new() -> Self {
        Self {
            envelope: Envelope::new(),
            queue: Queue::new(),
            scratch: Writer::new(),
            request: Writer::new(),
        }
    }

    /// The queue, for its counters.
    pub const fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Reads all records of a frame and queues them.
    pub fn record(&mut self, frame: &mut Frame<'_>, now: f64) {
        while !frame.is_finished() && frame.is_sound() {
            let kind = frame.count();
            let mut items = 1;
            let (signal, message) = match kind {
                record::SPAN => (Signal::Traces, Message::Span),
                record::LOG => (Signal::Logs, Message::Log),
                record::METRIC => {
                    // The number of its data points.
                    items = frame.count();
                    (Signal::Metrics, Message::Metric)
                }
                record::LOSS => {
                    self.record_loss(frame);
                    continue;
                }
                record::SETTINGS => {
                    self.settings(frame);
                    continue;
                }
                _ => {
                    frame.reject();
                    (Signal::Traces, Message::Scope)
                }
            };
            self.scratch.clear();
            let element = self.scratch.begin(2);
            schema::encode(message, frame, &mut self.scratch);
            self.scratch.end(element);
            if frame.is_sound() {
                self.queue.push(signal, self.scratch.as_bytes(), items, now);
            } else {
                self.queue.counts.lost(signal, Reason::Malformed, items);
            }
        }
    }

    /// Queue limit in bytes, delay of a batch in milliseconds, scope name and version, resource attributes.
    fn settings(&mut self, frame: &mut Frame<'_>) {
        self.queue.limit = frame.count() as usize;
        self.queue.delay = frame.number();
        self.envelope = Envelope::new();
        schema::encode(Message::Scope, frame, &mut self.envelope.scope);
        attributes::encode(frame, &mut self.envelope.resource, 1);
    }

    /// Losses that happened on the TypeScript side: signal, reason, count.
    fn record_loss(&mut self, frame: &mut Frame<'_>) {
        let signal = Signal::ALL.get(frame.count() as usize);
        let reason = Reason::ALL.get(frame.count() as usize);
        let items = frame.count();
        if let (Some(&signal), Some(&reason)) = (signal, reason) {
            self.queue.counts.lost(signal, reason, items);
        }
    }

    /// When [`take`](Self::take) has something, which may be in the past; infinite if nothing waits.
    pub fn due(&self) -> f64 {
        self.queue.due()
    }

    /// Takes the next request of at most `limit` bytes; its bytes are in [`request`](Self::request).
    pub fn take(&mut self, mode: Mode, limit: usize, now: f64) -> Option<Taken> {
        self.queue
            .take(mode, limit, now, &self.envelope, &mut self.request)
    }

    /// The request assembled by the last [`take`](Self::take).
    pub fn request(&self) -> &[u8] {
        self.request.as_bytes()
    }

    /// Reports the answer to a request: HTTP status (0 for none), `Retry-After` in milliseconds (negative
    /// for none), a random fraction in `0..1` and the body.
    pub fn answered(
        &mut self,
        id: u32,
        status: u32,
        retry_after: f64,
        jitter: f64,
        body: &[u8],
        now: f64,
    ) {
        let rejected = response::rejected(body);
        self.queue
            .answered(id, status, retry_after, jitter, rejected, now);
    }

    /// Ends all pauses: the browser says that it is online again.
    pub fn resume(&mut self) {
        self.queue.resume();
    }
}
