//! One telemetry client: frames in, requests out.

use crate::budget::Budget;
use crate::drops::Reason;
use crate::frame::Frame;
use crate::ids::Generator;
use crate::metrics::Metrics;
use crate::protobuf::Writer;
use crate::queue::{Envelope, Mode, Queue, Taken};
use crate::sampling::Ratio;
use crate::{Signal, attributes, log, response, span};

/// First number of each record in a frame.
mod record {
    pub(super) const SPAN: u32 = 0;
    pub(super) const LOG: u32 = 1;
    pub(super) const MEASUREMENT: u32 = 2;
    pub(super) const LOSS: u32 = 3;
}

/// A client with its configuration, ids, queue and budget. Times are milliseconds since the Unix epoch.
#[derive(Debug)]
pub struct Client {
    generator: Generator,
    ratio: Ratio,
    envelope: Envelope,
    metrics: Metrics,
    metrics_interval: f64,
    queue: Queue,
    scratch: Writer,
    request: Writer,
    /// Bytes on their way with `keepalive`.
    pub budget: Budget,
}

impl Client {
    /// Reads the configuration frame: now, eight 32-bit words of seed, sampling ratio, queue limit in bytes,
    /// delay of a batch and interval of metrics in milliseconds, scope name, scope version, resource
    /// attributes. `None` if the frame does not add up.
    pub fn new(frame: &mut Frame<'_>) -> Option<Self> {
        let now = frame.number();
        let mut seed = [0; 4];
        for word in &mut seed {
            *word = u64::from(frame.count()) << 32 | u64::from(frame.count());
        }
        let ratio = Ratio::new(frame.number());
        let limit = frame.count() as usize;
        let delay = frame.number();
        let metrics_interval = frame.number();
        let mut scope = Writer::new();
        scope.bytes(1, frame.string());
        scope.bytes(2, frame.string());
        let mut resource = Writer::new();
        attributes::encode(frame, &mut resource, 1);
        frame.is_sound().then(|| Self {
            generator: Generator::new(seed),
            ratio,
            envelope: Envelope {
                resource: resource.into_bytes(),
                scope: scope.into_bytes(),
            },
            metrics: Metrics::new(now),
            metrics_interval,
            queue: Queue::new(limit, delay),
            scratch: Writer::new(),
            request: Writer::new(),
            budget: Budget::default(),
        })
    }

    /// A block of span ids, see [`Generator::span_ids`].
    pub fn span_ids(&mut self, out: &mut Vec<u8>) {
        self.generator.span_ids(out);
    }

    /// A block of trace ids with their decisions, see [`Generator::trace_ids`].
    pub fn trace_ids(&mut self, out: &mut Vec<u8>) {
        self.generator.trace_ids(self.ratio, out);
    }

    /// The queue, for its counters.
    pub const fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Reads all records of a frame and queues them.
    pub fn record(&mut self, frame: &mut Frame<'_>, now: f64) {
        while !frame.is_finished() && frame.is_sound() {
            let kind = frame.count();
            self.scratch.clear();
            let signal = match kind {
                record::SPAN => {
                    span::encode(frame, &mut self.scratch);
                    Signal::Traces
                }
                record::LOG => {
                    log::encode(frame, &mut self.scratch);
                    Signal::Logs
                }
                record::MEASUREMENT => {
                    if !self.metrics.record(frame) {
                        self.queue.drops.add(Signal::Metrics, Reason::Malformed, 1);
                    }
                    continue;
                }
                record::LOSS => {
                    self.record_loss(frame);
                    continue;
                }
                _ => {
                    frame.reject();
                    Signal::Traces
                }
            };
            if frame.is_sound() {
                self.queue.push(signal, self.scratch.as_bytes(), 1, now);
            } else {
                self.queue.drops.add(signal, Reason::Malformed, 1);
            }
        }
    }

    /// Losses that happened on the TypeScript side: signal, reason, count.
    fn record_loss(&mut self, frame: &mut Frame<'_>) {
        let signal = Signal::ALL.get(frame.count() as usize);
        let reason = Reason::ALL.get(frame.count() as usize);
        let items = frame.count();
        if let (Some(&signal), Some(&reason)) = (signal, reason) {
            self.queue.drops.add(signal, reason, items);
        }
    }

    /// Milliseconds until [`take`](Self::take) has something, 0 if it has; `None` if nothing waits.
    pub fn wake(&self, now: f64) -> Option<f64> {
        let metrics = (!self.metrics.is_empty())
            .then(|| (self.metrics.since() + self.metrics_interval - now).max(0.0));
        match (self.queue.wake(now), metrics) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Takes the next request of at most `limit` bytes; its bytes are in [`request`](Self::request).
    pub fn take(&mut self, mode: Mode, limit: usize, now: f64) -> Option<Taken> {
        if mode != Mode::Due || now >= self.metrics.since() + self.metrics_interval {
            self.scratch.clear();
            let points = self
                .metrics
                .collect(&self.queue.drops, now, &mut self.scratch);
            if points > 0 {
                self.queue
                    .push(Signal::Metrics, self.scratch.as_bytes(), points, now);
            }
        }
        self.queue
            .take(mode, limit, now, &self.envelope, &mut self.request)
    }

    /// The request assembled by the last [`take`](Self::take).
    pub fn request(&self) -> &[u8] {
        self.request.as_bytes()
    }

    /// Reports the answer to a request: HTTP status (0 for none), `Retry-After` in milliseconds (negative
    /// for none) and the body.
    pub fn answered(&mut self, id: u32, status: u32, retry_after: f64, body: &[u8], now: f64) {
        let jitter = self.generator.fraction();
        let rejected = response::rejected(body);
        self.queue
            .answered(id, status, retry_after, jitter, rejected, now);
    }

    /// Ends all pauses: the browser says that it is online again.
    pub fn resume(&mut self) {
        self.queue.resume();
    }
}
