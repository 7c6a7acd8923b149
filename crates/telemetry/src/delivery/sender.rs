//! Sends the batches of one destination, several in one request where several wait. Each destination
//! has as many senders as requests may be under way to it.

use std::sync::Arc;

use tokio::sync::watch;

use super::group::{Group, Piece};
use super::intake;
use super::journal::Journal;
use super::letters::Refusal;
use super::orders::Orders;
use super::outlet::{Outlet, Way};
use super::retry;
use super::waiting::Waiting;
use super::{Batch, Counters, DeadLetters, Outcome, console};
use crate::config::Retry;

/// A task that sends, one request after the other.
pub(super) struct Sender {
    pub(super) outlet: Arc<Outlet>,
    pub(super) counters: Arc<Counters>,
    pub(super) letters: Arc<DeadLetters>,
    pub(super) journal: Option<Arc<Journal>>,
    pub(super) retry: Retry,
    pub(super) orders: watch::Receiver<Orders>,
}

/// Why there is nothing to send.
enum NoBody {
    Damaged,
    /// Other orders came first.
    Ordered,
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
            let (room, pause) = outlet.together();
            let next = tokio::select! {
                biased;
                _ = self.orders.wait_for(|orders| orders.stays()) => continue,
                next = outlet.queue.next_few(room, pause) => next,
            };
            let Some(few) = next else {
                return;
            };
            let numbers: Vec<u64> = few.iter().map(|(number, _)| *number).collect();
            if self.handle(&outlet, few).await {
                numbers
                    .iter()
                    .for_each(|number| outlet.queue.finish(*number));
            } else if *self.orders.borrow() == Orders::End {
                return;
            } else {
                // Parts of them that were taken already are sent twice; none is lost.
                numbers
                    .iter()
                    .for_each(|number| outlet.queue.take_back(*number));
            }
        }
    }

    /// Brings the fate of batches of one signal about; `false` where other orders came first.
    async fn handle(&mut self, outlet: &Outlet, few: Vec<(u64, Waiting)>) -> bool {
        let mut pieces = Vec::with_capacity(few.len());
        let failing = outlet.health().failures > 0;
        for (number, waiting) in few {
            let (signal, items) = (waiting.signal, waiting.items);
            let (accepted_ms, until) = (waiting.accepted_ms, waiting.until);
            let lose = |sender: &Self, reason| {
                let counters = &sender.counters;
                counters.add(Outcome::Dropped, signal, &outlet.name, reason, items);
                outlet.queue.finish(number);
            };
            let taken = match &outlet.way {
                Way::Console(_) => true,
                Way::Network(transports) => transports.contains_key(&signal),
            };
            if !taken {
                // It was accepted by an earlier run that had an endpoint for it.
                lose(self, "no_destination");
                continue;
            }
            // Where nothing gets through, old batches are not worth an attempt each.
            let over = until.is_some_and(|until| until <= std::time::Instant::now());
            if over && failing {
                lose(self, "expired");
                continue;
            }
            match self.load(waiting).await {
                Ok(batch) => pieces.push(Piece {
                    number,
                    accepted_ms,
                    until,
                    batch,
                }),
                Err(NoBody::Damaged) => lose(self, "damaged"),
                Err(NoBody::Ordered) => return false,
            }
        }
        let Some(group) = Group::new(pieces) else {
            return true;
        };
        match &outlet.way {
            Way::Console(_) => {
                for piece in group.pieces() {
                    self.print(&piece.batch).await;
                }
                true
            }
            Way::Network(transports) => {
                let signal = group.pieces().first().map(|piece| piece.batch.signal);
                match signal.and_then(|signal| transports.get(&signal)) {
                    Some(transport) => self.deliver(transport, group).await,
                    // Looked up before.
                    None => true,
                }
            }
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

    /// Puts a batch on disk behind all others: it may be the only one that is not taken.
    pub(super) async fn postpone(&self, piece: &Piece) -> bool {
        let Some(journal) = &self.journal else {
            return false;
        };
        let (accepted_ms, until) = (piece.accepted_ms, piece.until);
        intake::again(&piece.batch, accepted_ms, until, &self.outlet, journal).await
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
    pub(super) async fn bury(
        &self,
        piece: &Piece,
        reason: &'static str,
        status: &str,
        message: &str,
    ) {
        let (letters, piece) = (Arc::clone(&self.letters), piece.clone());
        let destination = Arc::clone(&self.outlet.name);
        let (status, message) = (status.to_owned(), message.to_owned());
        let keep = move || {
            let refusal = Refusal {
                reason,
                status: &status,
                message: &message,
            };
            letters.put(&piece.batch, &destination, piece.accepted_ms, refusal);
        };
        // Ends early only with the process.
        let _ = tokio::task::spawn_blocking(keep).await;
    }

    pub(super) fn count_all(
        &self,
        outcome: Outcome,
        group: &Group,
        reason: &'static str,
        items: u64,
    ) {
        if let Some(piece) = group.pieces().first() {
            self.count(outcome, &piece.batch, reason, items);
        }
    }

    pub(super) fn count(&self, outcome: Outcome, batch: &Batch, reason: &'static str, items: u64) {
        self.counters
            .add(outcome, batch.signal, &self.outlet.name, reason, items);
    }
}
