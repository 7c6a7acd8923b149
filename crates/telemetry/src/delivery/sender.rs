//! Sends the batches of one destination, one after the other.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use flate2::write::GzEncoder;
use http::header;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Instant;

use super::queue::Queue;
use super::retry::{self, Verdict};
use super::{Batch, Counters, Outcome, console};
use crate::Signal;
use crate::config::{Compression, Destination, Endpoint, Retry};
use crate::otlp::partial;

/// No answer of a destination is read further than this.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// A destination with its queue and how it is doing.
#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) name: Arc<str>,
    pub(crate) queue: Queue,
    way: Way,
    health: Mutex<Health>,
}

/// How a destination is reached.
#[derive(Debug)]
enum Way {
    Http(Destination),
    /// Standard output, for these signals.
    Console(BTreeSet<Signal>),
}

/// How a destination is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Health {
    /// Attempts that failed since the last success.
    pub failures: u32,
    /// The last failure and what to do about it; stays after later successes.
    pub last_error: Option<String>,
    /// When the last request succeeded, milliseconds since 1970.
    pub last_success_ms: Option<u64>,
}

impl Outlet {
    pub(crate) fn new(destination: Destination, queue_bytes: usize) -> Self {
        Self {
            name: Arc::from(destination.name.as_str()),
            queue: Queue::new(queue_bytes),
            way: Way::Http(destination),
            health: Mutex::default(),
        }
    }

    /// Prints these signals.
    pub(crate) fn console(signals: BTreeSet<Signal>, queue_bytes: usize) -> Self {
        Self {
            name: Arc::from("console"),
            queue: Queue::new(queue_bytes),
            way: Way::Console(signals),
            health: Mutex::default(),
        }
    }

    pub(crate) fn takes(&self, signal: Signal) -> bool {
        match &self.way {
            Way::Http(destination) => destination.endpoints.contains_key(&signal),
            Way::Console(signals) => signals.contains(&signal),
        }
    }

    pub(crate) fn signals(&self) -> Vec<Signal> {
        let all = Signal::ALL.into_iter();
        all.filter(|signal| self.takes(*signal)).collect()
    }

    pub(crate) fn health(&self) -> Health {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn succeeded(&self) {
        let mut health = self.lock();
        if health.failures > 0 {
            tracing::info!(destination = %self.name, "telemetry is delivered again");
        }
        health.failures = 0;
        health.last_success_ms = Some(now_ms());
    }

    /// Logs the first failure of a row only: one line per outage.
    fn failed(&self, error: String) {
        let mut health = self.lock();
        health.failures = health.failures.saturating_add(1);
        if health.failures == 1 {
            tracing::warn!(destination = %self.name, "telemetry is not delivered: {error}");
        }
        health.last_error = Some(error);
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// What became of one attempt.
struct Attempt {
    verdict: Verdict,
    /// Items the destination did not take although it took the request.
    rejected: u64,
    error: Option<String>,
}

/// The task of one destination.
pub(super) struct Sender {
    pub(super) outlet: Arc<Outlet>,
    pub(super) client: reqwest::Client,
    pub(super) counters: Arc<Counters>,
    pub(super) retry: Retry,
    /// Turns `true` when the process is about to end: no more waiting.
    pub(super) closing: watch::Receiver<bool>,
}

impl Sender {
    /// Runs until the queue is closed and either empty or not deliverable.
    pub(super) async fn run(mut self) {
        while let Some(batch) = self.outlet.queue.front().await {
            if !self.deliver(&batch).await {
                return;
            }
            self.outlet.queue.pop();
        }
    }

    /// Sends one batch until its fate is known; `false` where the end came first.
    async fn deliver(&mut self, batch: &Batch) -> bool {
        let endpoint = match &self.outlet.way {
            Way::Http(destination) => destination.endpoints.get(&batch.signal).cloned(),
            Way::Console(_) => {
                self.print(batch).await;
                return true;
            }
        };
        let Some(endpoint) = endpoint else {
            return true;
        };
        let body = compress(&endpoint, batch);
        let begin = Instant::now();
        let mut attempts = 0u32;
        loop {
            attempts = attempts.saturating_add(1);
            let attempt = self.attempt(&endpoint, batch, body.clone()).await;
            if let Some(error) = attempt.error {
                self.outlet.failed(error);
            } else {
                self.outlet.succeeded();
            }
            let (reason, after) = match attempt.verdict {
                Verdict::Delivered => {
                    let rejected = attempt.rejected.min(batch.items);
                    self.count(Outcome::Exported, batch, "", batch.items - rejected);
                    self.count(Outcome::Dropped, batch, "partial_success", rejected);
                    return true;
                }
                Verdict::Refused { reason } => {
                    self.count(Outcome::Dropped, batch, reason, batch.items);
                    return true;
                }
                Verdict::Retry { reason, after } => (reason, after),
            };
            if *self.closing.borrow() {
                return false;
            }
            if begin.elapsed() >= self.retry.give_up_after {
                self.count(Outcome::Dropped, batch, reason, batch.items);
                return true;
            }
            let wait = after.unwrap_or_default();
            let wait = wait.max(retry::backoff(&self.retry, attempts, retry::random()));
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                // One last attempt, unless the destination asked to be left alone.
                _ = self.closing.wait_for(|closing| *closing) => {
                    if after.is_some_and(|after| !after.is_zero()) {
                        return false;
                    }
                }
            }
        }
    }

    async fn print(&self, batch: &Batch) {
        match console::print(batch.clone()).await {
            Ok(()) => {
                self.outlet.succeeded();
                self.count(Outcome::Exported, batch, "", batch.items);
            }
            Err(error) => {
                self.outlet.failed(error);
                self.count(Outcome::Dropped, batch, "console", batch.items);
            }
        }
    }

    async fn attempt(
        &self,
        endpoint: &Endpoint,
        batch: &Batch,
        (body, gzip): (Bytes, bool),
    ) -> Attempt {
        let bytes = body.len();
        let mut request = self
            .client
            .post(endpoint.url.clone())
            .headers(endpoint.headers.clone())
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .timeout(endpoint.timeout)
            .body(body);
        if gzip {
            request = request.header(header::CONTENT_ENCODING, "gzip");
        }
        let begin = Instant::now();
        match request.send().await {
            Ok(answer) => {
                tracing::debug!(
                    destination = %self.outlet.name,
                    signal = %batch.signal,
                    items = batch.items,
                    bytes,
                    status = answer.status().as_u16(),
                    ms = begin.elapsed().as_millis(),
                    "telemetry was answered"
                );
                judge(batch.signal, answer).await
            }
            Err(error) => Attempt {
                verdict: Verdict::Retry {
                    reason: if error.is_timeout() {
                        "timeout"
                    } else {
                        "connection"
                    },
                    after: None,
                },
                rejected: 0,
                error: Some(describe(&error, endpoint.timeout)),
            },
        }
    }

    fn count(&self, outcome: Outcome, batch: &Batch, reason: &'static str, items: u64) {
        self.counters
            .add(outcome, batch.signal, &self.outlet.name, reason, items);
    }
}

/// The body as it goes over the wire, and whether it is compressed. Done once per batch, not per
/// attempt.
fn compress(endpoint: &Endpoint, batch: &Batch) -> (Bytes, bool) {
    if endpoint.compression == Compression::None {
        return (batch.body.clone(), false);
    }
    let buffer = Vec::with_capacity(batch.body.len() / 4);
    let mut encoder = GzEncoder::new(buffer, flate2::Compression::default());
    let written = encoder
        .write_all(&batch.body)
        .and_then(|()| encoder.finish());
    match written {
        Ok(compressed) => (compressed.into(), true),
        // Writing to memory does not fail; should it ever, the body goes as it is.
        Err(_) => (batch.body.clone(), false),
    }
}

async fn judge(signal: Signal, mut answer: reqwest::Response) -> Attempt {
    let status = answer.status();
    let retry_after = answer.headers().get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok());
    let verdict = retry::classify(status.as_u16(), retry_after, SystemTime::now());
    let json = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    // Read to the end, so that the connection can be used again.
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    if verdict != Verdict::Delivered {
        let error = format!("HTTP {status}: {}", retry::remedy(status.as_u16()));
        return Attempt {
            verdict,
            rejected: 0,
            error: Some(error),
        };
    }
    let partial = partial::read(signal, &body, json);
    let rejected = partial.rejected;
    if rejected > 0 {
        tracing::warn!(%signal, rejected, "a destination took only a part: {}", partial.message);
    }
    Attempt {
        verdict,
        rejected,
        error: None,
    }
}

/// The cause of a broken connection. The URL is left out: it may hold a key.
fn describe(error: &reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() {
        return format!("no answer within {} ms", timeout.as_millis());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if std::ptr::eq(cause, error as &dyn std::error::Error) {
        return "connection failed".to_owned();
    }
    format!("connection failed: {cause}")
}
