//! The thread on which everything is sent.
//!
//! A runtime of its own keeps export away from the host: it needs no runtime to be built, goes on
//! while the host's is busy or gone, and can be asked to finish by a deadline that it keeps.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::placer::Placer;
use super::sender::Sender;
use super::tail::{self, Tail};
use super::{Counters, DeadLetters, Outcome, Outlet, Parked};
use crate::Signal;
use crate::config::Retry;

/// How often old telemetry of destinations that are gone is looked for.
const PARKED_INTERVAL: Duration = Duration::from_secs(60);
/// However short a shutdown is, the disk may take this long.
const DISK_PATIENCE: Duration = Duration::from_secs(1);

/// Telemetry that was still waiting when the process had to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undelivered {
    /// `host:port` of the destination.
    pub destination: Arc<str>,
    /// The kind of telemetry.
    pub signal: Signal,
    /// Spans, log records or data points.
    pub items: u64,
}

/// What is left at the end.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// It is gone.
    pub(crate) undelivered: Vec<Undelivered>,
    /// It is on disk and sent after the next start.
    pub(crate) kept: Vec<Undelivered>,
}

/// What the worker works with.
pub(super) struct Parts {
    pub(super) placer: Arc<Placer>,
    pub(super) tail: Arc<Tail>,
    pub(super) letters: Arc<DeadLetters>,
    pub(super) parked: Parked,
    pub(super) retry: Retry,
}

/// What the worker is asked to do.
struct Finish {
    deadline: Instant,
    /// Answers once the SDK has handed over everything it held.
    handed_over: oneshot::Receiver<()>,
    reply: oneshot::Sender<Left>,
}

#[derive(Debug)]
pub(crate) struct Worker {
    /// Gone once the worker was asked to finish.
    finish: Mutex<Option<mpsc::UnboundedSender<Finish>>>,
}

impl Worker {
    pub(super) fn start(parts: Parts) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("no thread for OTLP export: {error}");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let (finish, asked) = mpsc::unbounded_channel();
        std::thread::Builder::new()
            .name("aether-delivery".to_owned())
            .spawn(move || {
                // Whatever the HTTP client does in here must not become telemetry itself.
                let _quiet = opentelemetry::Context::enter_telemetry_suppressed_scope();
                runtime.block_on(run(parts, asked));
                runtime.shutdown_background();
            })
            .map_err(failed)?;
        Ok(Self {
            finish: Mutex::new(Some(finish)),
        })
    }

    /// Waits until the SDK has handed over, sends what is queued, and answers by `timeout` with
    /// what is left. `None` where it was asked before.
    pub(crate) fn finish(
        &self,
        timeout: Duration,
        handed_over: oneshot::Receiver<()>,
    ) -> Option<oneshot::Receiver<Left>> {
        let mut finish = self.finish.lock().unwrap_or_else(PoisonError::into_inner);
        let finish = finish.take()?;
        let (reply, answer) = oneshot::channel();
        let request = Finish {
            deadline: Instant::now() + timeout,
            handed_over,
            reply,
        };
        finish.send(request).ok()?;
        Some(answer)
    }
}

async fn run(parts: Parts, mut asked: mpsc::UnboundedReceiver<Finish>) {
    let (closing, closed) = watch::channel(false);
    let mut senders = JoinSet::new();
    let Placer {
        outlets,
        counters,
        journal,
        ..
    } = &*parts.placer;
    for outlet in outlets {
        for _ in 0..outlet.flow.concurrency.max(1) {
            let sender = Sender {
                outlet: Arc::clone(outlet),
                counters: Arc::clone(counters),
                letters: Arc::clone(&parts.letters),
                journal: journal.clone(),
                retry: outlet.retry.unwrap_or(parts.retry),
                closing: closed.clone(),
            };
            senders.spawn(sender.run());
        }
    }
    let mut keeping = JoinSet::new();
    if journal.is_some() {
        let (parked, counters) = (Arc::clone(&parts.parked), Arc::clone(counters));
        keeping.spawn(expire(parked, counters));
    }
    let mut choosing = JoinSet::new();
    choosing.spawn(Arc::clone(&parts.tail).run());
    // Without a request the handle was dropped: there is nobody to wait for a flush.
    let Some(finish) = asked.recv().await else {
        return;
    };
    let deadline = finish.deadline;
    let _ = tokio::time::timeout_at(deadline, finish.handed_over).await;
    parts.tail.end();
    let _ = tokio::time::timeout_at(deadline, choosing.join_next()).await;
    for outlet in outlets {
        outlet.queue.close();
    }
    // Fails only where no sender is left to be told.
    let _ = closing.send(true);
    let all = async { while senders.join_next().await.is_some() {} };
    let _ = tokio::time::timeout_at(deadline, all).await;
    senders.abort_all();
    let mut left = left_over(outlets, counters);
    held_over(&parts.tail, counters, &mut left);
    if let Some(journal) = journal.clone() {
        let closing = tokio::task::spawn_blocking(move || journal.close());
        let deadline = deadline.max(Instant::now() + DISK_PATIENCE);
        let _ = tokio::time::timeout_at(deadline, closing).await;
    }
    // Nobody may be waiting any more.
    let _ = finish.reply.send(left);
}

/// Drops what waits for destinations that are not configured any more, once it is too old.
async fn expire(parked: Parked, counters: Arc<Counters>) {
    let mut interval = tokio::time::interval(PARKED_INTERVAL);
    loop {
        interval.tick().await;
        let now = std::time::Instant::now();
        let parked = parked.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, queue) in &*parked {
            while let Some((signal, items)) = queue.expire(now) {
                counters.add(Outcome::Dropped, signal, name, "expired", items);
            }
        }
    }
}

/// What was not decided, or decided and not taken by any queue.
fn held_over(tail: &Tail, counters: &Counters, left: &mut Left) {
    let held = Undelivered {
        destination: Arc::from(tail::LABEL),
        signal: Signal::Traces,
        items: tail.left(),
    };
    if held.items == 0 {
        return;
    }
    if tail.is_durable() {
        left.kept.push(held);
    } else {
        let (signal, name) = (held.signal, &held.destination);
        counters.add(Outcome::Dropped, signal, name, "shutdown", held.items);
        left.undelivered.push(held);
    }
}

fn left_over(outlets: &[Arc<Outlet>], counters: &Counters) -> Left {
    let mut left = Left::default();
    for outlet in outlets {
        let level = outlet.queue.level();
        for signal in Signal::ALL {
            let items = level.items[signal.index()];
            if items == 0 {
                continue;
            }
            let waiting = Undelivered {
                destination: Arc::clone(&outlet.name),
                signal,
                items,
            };
            if outlet.queue.is_durable() {
                left.kept.push(waiting);
            } else {
                counters.add(Outcome::Dropped, signal, &outlet.name, "shutdown", items);
                left.undelivered.push(waiting);
            }
        }
    }
    left
}
