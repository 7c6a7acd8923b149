//! Sends the batches of one destination. Each destination has as many senders as requests may be
//! under way to it.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::circuit::Pass;
use super::intake;
use super::journal::Journal;
use super::letters::Refusal;
use super::orders::Orders;
use super::outlet::{Outlet, Way};
use super::retry;
use super::transport::{Answer, Failure, Transport, Verdict, Wire};
use super::waiting::Waiting;
use super::{Batch, Counters, DeadLetters, Outcome, console};
use crate::config::Retry;
use crate::otlp::split;

/// A batch is not cut any more once this many of its parts were found too large: a destination
/// that takes nothing at all must not be asked a thousand times per batch.
const MAX_TOO_LARGE: u32 = 128;

/// A task that sends, one batch after the other.
pub(super) struct Sender {
    pub(super) outlet: Arc<Outlet>,
    pub(super) counters: Arc<Counters>,
    pub(super) letters: Arc<DeadLetters>,
    pub(super) journal: Option<Arc<Journal>>,
    pub(super) retry: Retry,
    pub(super) orders: watch::Receiver<Orders>,
}

/// What holds for a batch and all its parts.
#[derive(Clone, Copy)]
struct Terms {
    /// Number of the batch in the queue.
    number: u64,
    accepted_ms: u64,
    /// When it is given up; `None`: when it has failed for long enough.
    until: Option<std::time::Instant>,
}

/// Why there is nothing to send.
enum NoBody {
    Damaged,
    /// Other orders came first.
    Ordered,
}

impl Terms {
    fn over(&self, now: std::time::Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// What became of a request.
enum Fate {
    /// It has been counted.
    Known,
    TooLarge(Option<Failure>),
    /// It was not taken for so long that the next ones are to have their turn.
    Stuck,
    /// Other orders came first.
    Unknown,
}

impl Sender {
    /// Runs until it is told to leave, or the queue is closed and either empty or not deliverable.
    pub(super) async fn run(mut self) {
        let outlet = Arc::clone(&self.outlet);
        loop {
            let orders = self.orders.wait_for(|orders| *orders != Orders::Pause);
            if !matches!(orders.await.as_deref(), Ok(Orders::Send | Orders::End)) {
                return;
            }
            let next = tokio::select! {
                biased;
                _ = self.orders.wait_for(|orders| orders.stays()) => continue,
                next = outlet.queue.next() => next,
            };
            let Some((number, waiting)) = next else {
                return;
            };
            if self.handle(&outlet, number, waiting).await {
                outlet.queue.finish(number);
            } else if *self.orders.borrow() == Orders::End {
                return;
            } else {
                // Parts of it that were taken already are sent twice; none is lost.
                outlet.queue.take_back(number);
            }
        }
    }

    /// Brings the fate of a batch about; `false` where other orders came first.
    async fn handle(&mut self, outlet: &Outlet, number: u64, waiting: Waiting) -> bool {
        let (signal, items) = (waiting.signal, waiting.items);
        let terms = Terms {
            number,
            accepted_ms: waiting.accepted_ms,
            until: waiting.until,
        };
        let lose = |sender: &Self, reason| {
            let counters = &sender.counters;
            counters.add(Outcome::Dropped, signal, &outlet.name, reason, items);
            true
        };
        // Where nothing gets through, old batches are not worth an attempt each.
        if terms.over(std::time::Instant::now()) && outlet.health().failures > 0 {
            return lose(self, "expired");
        }
        let batch = match self.load(waiting).await {
            Ok(batch) => batch,
            Err(NoBody::Damaged) => return lose(self, "damaged"),
            Err(NoBody::Ordered) => return false,
        };
        match &outlet.way {
            Way::Console(_) => {
                self.print(&batch).await;
                true
            }
            Way::Network(transports) => match transports.get(&signal) {
                Some(transport) => self.deliver(transport, batch, terms).await,
                // It was accepted by an earlier run that had an endpoint for it.
                None => lose(self, "no_destination"),
            },
        }
    }

    /// The batch with its body.
    async fn load(&mut self, waiting: Waiting) -> Result<Batch, NoBody> {
        let mut attempts = 0u32;
        loop {
            let unreadable = match waiting.clone().load().await {
                Ok(batch) => return Ok(batch),
                Err(unreadable) => unreadable,
            };
            if !unreadable.for_now {
                tracing::error!(destination = %self.outlet.name, "{}", unreadable.why);
                return Err(NoBody::Damaged);
            }
            self.outlet.failed(unreadable.why);
            attempts = attempts.saturating_add(1);
            let wait = retry::backoff(&self.retry, attempts, retry::random());
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = self.orders.wait_for(|orders| *orders != Orders::Send) => return Err(NoBody::Ordered),
            }
        }
    }

    /// Sends one batch, in parts where it is too large, until the fate of each is known; `false`
    /// where other orders came first.
    async fn deliver(&mut self, transport: &Transport, batch: Batch, terms: Terms) -> bool {
        let mut parts = VecDeque::from([batch]);
        let mut too_large = 0u32;
        while let Some(part) = parts.pop_front() {
            if let Some(halves) = self.exceeds(&part).then(|| cut(&part)).flatten() {
                put_back(&mut parts, halves);
                continue;
            }
            match self.repeat(transport, &part, terms).await {
                Fate::Known => {}
                Fate::Stuck => {
                    if !self.postpone(&part, terms).await {
                        parts.push_front(part);
                        continue;
                    }
                }
                Fate::Unknown => return false,
                Fate::TooLarge(failure) => {
                    too_large += 1;
                    if let Some(halves) = cut(&part).filter(|_| too_large <= MAX_TOO_LARGE) {
                        tracing::debug!(
                            destination = %self.outlet.name,
                            signal = %part.signal,
                            items = part.items,
                            "a request was too large and is sent in two"
                        );
                        put_back(&mut parts, halves);
                        continue;
                    }
                    let message = failure.map(|failure| failure.to_string());
                    let message = message.unwrap_or_default();
                    self.bury(&part, terms, "too_large", "", &message).await;
                    self.outlet.failed(message);
                    self.count(Outcome::Dropped, &part, "too_large", part.items);
                }
            }
            self.outlet.queue.settle(terms.number, part.items);
        }
        true
    }

    /// Whether a part is larger than requests to this destination may be.
    fn exceeds(&self, part: &Batch) -> bool {
        let most = self.outlet.flow.max_request_bytes;
        most.is_some_and(|most| part.body.len() > most)
    }

    /// Sends a request until its fate is known.
    async fn repeat(&mut self, transport: &Transport, batch: &Batch, terms: Terms) -> Fate {
        let Some(wire) = transport.encode(&batch.body) else {
            self.count(Outcome::Dropped, batch, "malformed", batch.items);
            return Fate::Known;
        };
        let begin = Instant::now();
        let mut attempts = 0u32;
        let outlet = Arc::clone(&self.outlet);
        loop {
            if outlet.breaker.pass(&mut self.orders).await == Pass::Stay {
                return Fate::Unknown;
            }
            tokio::select! {
                biased;
                _ = self.orders.wait_for(|orders| orders.stays()) => {
                    outlet.breaker.step_back();
                    return Fate::Unknown;
                }
                () = outlet.pace.turn(wire.len()) => {}
            }
            attempts = attempts.saturating_add(1);
            let answer = self.attempt(transport, batch, &wire).await;
            match answer.verdict {
                Verdict::Retry { after, .. } => {
                    outlet.meter.repeated();
                    let asked = after.is_some_and(|after| !after.is_zero());
                    outlet.breaker.open(asked, |failures| {
                        let attempts = attempts.max(failures);
                        let wait = retry::backoff(&self.retry, attempts, retry::random());
                        wait.max(after.unwrap_or_default())
                    });
                }
                _ => outlet.breaker.close(),
            }
            // Halves may pass, so that is no failure yet.
            if answer.verdict == Verdict::TooLarge {
                return Fate::TooLarge(answer.failure);
            }
            let message = answer.failure.map(|failure| failure.to_string());
            match &message {
                Some(message) => self.outlet.failed(message.clone()),
                None => self.outlet.succeeded(),
            }
            let reason = match answer.verdict {
                Verdict::Delivered(partial) => {
                    let rejected = partial.rejected.min(batch.items);
                    if rejected > 0 {
                        tracing::warn!(
                            destination = %self.outlet.name,
                            signal = %batch.signal,
                            rejected,
                            "a destination took only a part: {}",
                            partial.message
                        );
                    }
                    self.count(Outcome::Exported, batch, "", batch.items - rejected);
                    self.count(Outcome::Dropped, batch, "partial_success", rejected);
                    return Fate::Known;
                }
                Verdict::TooLarge => return Fate::TooLarge(None),
                Verdict::Refused { reason } => {
                    let message = message.unwrap_or_default();
                    self.bury(batch, terms, reason, &answer.status, &message)
                        .await;
                    self.count(Outcome::Dropped, batch, reason, batch.items);
                    return Fate::Known;
                }
                Verdict::Retry { reason, .. } => reason,
            };
            if *self.orders.borrow() != Orders::Send {
                return Fate::Unknown;
            }
            let long = begin.elapsed() >= self.retry.give_up_after;
            let over = match terms.until {
                None => long.then_some(reason),
                Some(_) => terms.over(std::time::Instant::now()).then_some("expired"),
            };
            if let Some(reason) = over {
                self.count(Outcome::Dropped, batch, reason, batch.items);
                return Fate::Known;
            }
            if long && self.outlet.queue.level().batches > 1 {
                return Fate::Stuck;
            }
        }
    }

    /// Puts a batch on disk behind all others: it may be the only one that is not taken.
    async fn postpone(&self, part: &Batch, terms: Terms) -> bool {
        let Some(journal) = &self.journal else {
            return false;
        };
        let (accepted_ms, until) = (terms.accepted_ms, terms.until);
        intake::again(part, accepted_ms, until, &self.outlet, journal).await
    }

    async fn attempt(&self, transport: &Transport, batch: &Batch, wire: &Wire) -> Answer {
        let begin = Instant::now();
        let answer = transport.send(wire).await;
        self.outlet.meter.answered(begin.elapsed());
        tracing::debug!(
            destination = %self.outlet.name,
            signal = %batch.signal,
            items = batch.items,
            bytes = wire.len(),
            status = answer.status,
            ms = begin.elapsed().as_millis(),
            "telemetry was sent"
        );
        answer
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

    /// Keeps what was refused for good.
    async fn bury(
        &self,
        batch: &Batch,
        terms: Terms,
        reason: &'static str,
        status: &str,
        message: &str,
    ) {
        let (letters, batch) = (Arc::clone(&self.letters), batch.clone());
        let destination = Arc::clone(&self.outlet.name);
        let (status, message) = (status.to_owned(), message.to_owned());
        let keep = move || {
            let refusal = Refusal {
                reason,
                status: &status,
                message: &message,
            };
            letters.put(&batch, &destination, terms.accepted_ms, refusal);
        };
        // Ends early only with the process.
        let _ = tokio::task::spawn_blocking(keep).await;
    }

    fn count(&self, outcome: Outcome, batch: &Batch, reason: &'static str, items: u64) {
        self.counters
            .add(outcome, batch.signal, &self.outlet.name, reason, items);
    }
}

/// Puts halves in front, so that the order of items stays what it was.
fn put_back(parts: &mut VecDeque<Batch>, [left, right]: [Batch; 2]) {
    parts.push_front(right);
    parts.push_front(left);
}

/// Both halves of a batch; `None` where it holds one item only.
fn cut(batch: &Batch) -> Option<[Batch; 2]> {
    // What is in a queue has been counted before, so it is not malformed.
    let halves = split::halve(batch.signal, &batch.body).ok()??;
    Some(halves.map(|half| Batch {
        items: half.items,
        body: half.body.into(),
        ..batch.clone()
    }))
}
