//! The thread on which everything is sent.
//!
//! A runtime of its own keeps export away from the host: it needs no runtime to be built, goes on
//! while the host's is busy or gone, and can be asked to finish by a deadline that it keeps.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use super::history::Recorder;
use super::placer::Placer;
use super::queue::Queue;
use super::sender::Sender;
use super::tail::{self, Tail};
use super::{Counters, DeadLetters, Outcome, Outlet, Parked};
use crate::Signal;

/// How often old telemetry of destinations that are gone is looked for.
const PARKED_INTERVAL: Duration = Duration::from_secs(60);
/// How often a deleted destination is looked at for what was under way.
const DISCARD_INTERVAL: Duration = Duration::from_millis(100);
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
    pub(super) history: Arc<Recorder>,
}

/// What the worker is asked to do.
enum Command {
    /// Send to these as well.
    Begin(Vec<Arc<Outlet>>),
    /// Send what waits for one that takes nothing new, then forget it.
    Empty(Arc<Outlet>),
    /// Drop what waits for a destination that was deleted.
    Discard(Arc<str>, Arc<Queue>),
    Finish(Finish),
}

/// How the worker ends.
struct Finish {
    deadline: Instant,
    /// Answers once the SDK has handed over everything it held.
    handed_over: oneshot::Receiver<()>,
    reply: oneshot::Sender<Left>,
}

#[derive(Debug)]
pub(crate) struct Worker {
    /// Gone once the worker was asked to finish.
    commands: Mutex<Option<mpsc::UnboundedSender<Command>>>,
}

impl Worker {
    pub(super) fn start(parts: Parts) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("no thread for OTLP export: {error}");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let (commands, asked) = mpsc::unbounded_channel();
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
            commands: Mutex::new(Some(commands)),
        })
    }

    /// Waits until the SDK has handed over, sends what is queued, and answers by `timeout` with
    /// what is left. `None` where it was asked before.
    pub(crate) fn finish(
        &self,
        timeout: Duration,
        handed_over: oneshot::Receiver<()>,
    ) -> Option<oneshot::Receiver<Left>> {
        let commands = {
            let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
            commands.take()?
        };
        let (reply, answer) = oneshot::channel();
        let request = Finish {
            deadline: Instant::now() + timeout,
            handed_over,
            reply,
        };
        commands.send(Command::Finish(request)).ok()?;
        Some(answer)
    }

    /// Sends to these from now on.
    pub(super) fn begin(&self, outlets: Vec<Arc<Outlet>>) {
        self.tell(Command::Begin(outlets));
    }

    /// Sends what waits for a destination that is gone from the layout and closed.
    pub(super) fn empty(&self, outlet: Arc<Outlet>) {
        self.tell(Command::Empty(outlet));
    }

    /// Drops and counts what waits for a destination that was deleted.
    pub(super) fn discard(&self, name: Arc<str>, queue: Arc<Queue>) {
        self.tell(Command::Discard(name, queue));
    }

    fn tell(&self, command: Command) {
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(commands) = &*commands {
            // A worker that has ended does nothing any more.
            let _ = commands.send(command);
        }
    }
}

async fn run(parts: Parts, mut asked: mpsc::UnboundedReceiver<Command>) {
    let mut senders = JoinSet::new();
    let mut leaving = Vec::new();
    let (placer, counters) = (&parts.placer, &parts.placer.counters);
    let mut keeping = JoinSet::new();
    if placer.journal.is_some() {
        let (parked, counters) = (Arc::clone(&parts.parked), Arc::clone(counters));
        keeping.spawn(expire(parked, counters));
    }
    keeping.spawn(record(
        Arc::clone(placer),
        Arc::clone(&parts.tail),
        Arc::clone(&parts.history),
    ));
    let mut choosing = JoinSet::new();
    choosing.spawn(Arc::clone(&parts.tail).run());
    let finish = loop {
        let command = tokio::select! {
            command = asked.recv() => command,
            // Those of destinations that changed or are gone.
            Some(_) = senders.join_next() => continue,
        };
        match command {
            Some(Command::Begin(outlets)) => begin(&parts, &outlets, &mut senders),
            Some(Command::Empty(outlet)) => {
                leaving.retain(|outlet: &Arc<Outlet>| outlet.queue.level().batches > 0);
                leaving.push(outlet);
            }
            Some(Command::Discard(name, queue)) => {
                keeping.spawn(discard(name, queue, Arc::clone(counters)));
            }
            Some(Command::Finish(finish)) => break finish,
            // The handle was dropped: there is nobody to wait for a flush.
            None => return,
        }
    };
    let deadline = finish.deadline;
    let _ = tokio::time::timeout_at(deadline, finish.handed_over).await;
    parts.tail.end();
    let _ = tokio::time::timeout_at(deadline, choosing.join_next()).await;
    // Nothing changes any more: changes are made by commands.
    leaving.extend(placer.layout().outlets.iter().cloned());
    for outlet in &leaving {
        outlet.queue.close();
        outlet.end();
    }
    let all = async { while senders.join_next().await.is_some() {} };
    let _ = tokio::time::timeout_at(deadline, all).await;
    senders.abort_all();
    let mut left = left_over(&leaving, counters);
    held_over(&parts.tail, counters, &mut left);
    if let Some(journal) = placer.journal.clone() {
        let closing = tokio::task::spawn_blocking(move || journal.close());
        let deadline = deadline.max(Instant::now() + DISK_PATIENCE);
        let _ = tokio::time::timeout_at(deadline, closing).await;
    }
    // Nobody may be waiting any more.
    let _ = finish.reply.send(left);
}

/// Starts the senders of destinations.
fn begin(parts: &Parts, outlets: &[Arc<Outlet>], senders: &mut JoinSet<()>) {
    for outlet in outlets {
        for _ in 0..outlet.flow.concurrency.max(1) {
            let sender = Sender {
                outlet: Arc::clone(outlet),
                counters: Arc::clone(&parts.placer.counters),
                letters: Arc::clone(&parts.letters),
                journal: parts.placer.journal.clone(),
                retry: outlet.retry.unwrap_or_default(),
                orders: outlet.orders.subscribe(),
            };
            senders.spawn(sender.run());
        }
    }
}

/// Takes samples of how much goes through.
async fn record(placer: Arc<Placer>, tail: Arc<Tail>, history: Arc<Recorder>) {
    let mut interval = tokio::time::interval(Recorder::EVERY);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let layout = placer.layout();
        history.sample(&layout.outlets, &placer.counters.snapshot(), tail.status());
    }
}

/// Drops what waits in a queue that takes nothing new, also what is being written for it still and
/// what senders give back, until nothing can come any more.
async fn discard(name: Arc<str>, queue: Arc<Queue>, counters: Arc<Counters>) {
    let mut interval = tokio::time::interval(DISCARD_INTERVAL);
    loop {
        while let Some((number, waiting)) = queue.next().await {
            let (signal, items) = (waiting.signal, waiting.items);
            counters.add(Outcome::Dropped, signal, &name, "deleted", items);
            queue.finish(number);
        }
        if queue.level().bytes == 0 {
            return;
        }
        interval.tick().await;
    }
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
