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

use super::sender::Sender;
use super::{Counters, Outcome, Outlet};
use crate::Signal;
use crate::config::Retry;

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

/// What the worker is asked to do.
struct Finish {
    deadline: Instant,
    /// Answers once the SDK has handed over everything it held.
    handed_over: oneshot::Receiver<()>,
    reply: oneshot::Sender<Vec<Undelivered>>,
}

#[derive(Debug)]
pub(crate) struct Worker {
    /// Gone once the worker was asked to finish.
    finish: Mutex<Option<mpsc::UnboundedSender<Finish>>>,
}

impl Worker {
    pub(super) fn start(
        outlets: Vec<Arc<Outlet>>,
        counters: Arc<Counters>,
        retry: Retry,
    ) -> Result<Self, String> {
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
                runtime.block_on(run(outlets, counters, retry, asked));
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
    ) -> Option<oneshot::Receiver<Vec<Undelivered>>> {
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

async fn run(
    outlets: Vec<Arc<Outlet>>,
    counters: Arc<Counters>,
    retry: Retry,
    mut asked: mpsc::UnboundedReceiver<Finish>,
) {
    let (closing, closed) = watch::channel(false);
    let mut senders = JoinSet::new();
    for outlet in &outlets {
        let sender = Sender {
            outlet: Arc::clone(outlet),
            counters: Arc::clone(&counters),
            retry: outlet.retry.unwrap_or(retry),
            closing: closed.clone(),
        };
        senders.spawn(sender.run());
    }
    // Without a request the handle was dropped: there is nobody to wait for a flush.
    let Some(finish) = asked.recv().await else {
        return;
    };
    let deadline = finish.deadline;
    let _ = tokio::time::timeout_at(deadline, finish.handed_over).await;
    for outlet in &outlets {
        outlet.queue.close();
    }
    // Fails only where no sender is left to be told.
    let _ = closing.send(true);
    let all = async { while senders.join_next().await.is_some() {} };
    let _ = tokio::time::timeout_at(deadline, all).await;
    senders.abort_all();
    // Nobody may be waiting any more.
    let _ = finish.reply.send(left_over(&outlets, &counters));
}

fn left_over(outlets: &[Arc<Outlet>], counters: &Counters) -> Vec<Undelivered> {
    let mut left = Vec::new();
    for outlet in outlets {
        let level = outlet.queue.level();
        for signal in Signal::ALL {
            let items = level.items[signal.index()];
            if items > 0 {
                counters.add(Outcome::Dropped, signal, &outlet.name, "shutdown", items);
                left.push(Undelivered {
                    destination: Arc::clone(&outlet.name),
                    signal,
                    items,
                });
            }
        }
    }
    left
}
