//! One group of batches on its way to a destination: sent until its fate is known, in parts where it is
//! not taken as a whole.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use super::Outcome;
use super::circuit::Pass;
use super::group::{Group, Piece};
use super::orders::Orders;
use super::retry;
use super::sender::Sender;
use super::transport::{Answer, Failure, Transport, Verdict, Wire};

/// A batch is not cut any more once this many of its parts were found too large: a destination
/// that takes nothing at all must not be asked a thousand times per batch.
const MAX_TOO_LARGE: u32 = 128;

/// What became of a request.
enum Fate {
    /// It has been counted.
    Known,
    TooLarge(Option<Failure>),
    /// It was refused for what may be in one of its batches only.
    Apart,
    /// Some of it is to be dropped, for this reason, because its time is over.
    Over(&'static str),
    /// It was not taken for so long that the next ones are to have their turn.
    Stuck,
    /// Other orders came first.
    Unknown,
}

impl Sender {
    /// Sends a group, in parts where it is not taken as a whole, until the fate of each is known;
    /// `false` where other orders came first.
    pub(super) async fn deliver(&mut self, transport: &Transport, group: Group) -> bool {
        let mut open: VecDeque<u64> = group.pieces().iter().map(|piece| piece.number).collect();
        let mut groups = VecDeque::from([group]);
        // Of the batch of that number.
        let mut too_large = (0, 0u32);
        while let Some(group) = groups.pop_front() {
            let group = if self.exceeds(&group) {
                match group.cut() {
                    Ok(halves) => {
                        put_back(&mut groups, halves);
                        continue;
                    }
                    Err(group) => group,
                }
            } else {
                group
            };
            match self.repeat(transport, &group).await {
                Fate::Known => self.settle(group.pieces()),
                Fate::Over(reason) => {
                    if let Some(group) = self.without_old(group, reason) {
                        groups.push_front(group);
                    }
                }
                // One of several may be what is never taken: each by itself has its turn.
                Fate::Stuck if !group.is_single() => {
                    for single in group.into_singles().rev() {
                        groups.push_front(single);
                    }
                }
                Fate::Stuck => {
                    let mut left = Vec::new();
                    for piece in group.into_pieces() {
                        if self.postpone(&piece).await {
                            self.settle(std::slice::from_ref(&piece));
                        } else {
                            left.push(piece);
                        }
                    }
                    if let Some(group) = Group::new(left) {
                        groups.push_front(group);
                    }
                }
                Fate::Unknown => return false,
                Fate::Apart => self.part(&mut groups, group),
                Fate::TooLarge(failure) => {
                    if !group.is_single() {
                        self.outlet.refused_together(group.bytes());
                        self.part(&mut groups, group);
                        continue;
                    }
                    let number = group.pieces().first().map_or(0, |piece| piece.number);
                    too_large = match too_large {
                        (same, times) if same == number => (same, times + 1),
                        _ => (number, 1),
                    };
                    let cut = match too_large.1 <= MAX_TOO_LARGE {
                        true => group.cut(),
                        false => Err(group),
                    };
                    match cut {
                        Ok(halves) => {
                            tracing::debug!(
                                destination = %self.outlet.name,
                                "a request was too large and is sent in two"
                            );
                            put_back(&mut groups, halves);
                        }
                        Err(group) => self.give_up(&group, failure).await,
                    }
                }
            }
            // What is known of a batch as a whole need not be sent again, whatever comes.
            let next = groups.front().and_then(|group| group.pieces().first());
            while let Some(number) = open.front().copied()
                && next.is_none_or(|next| next.number > number)
            {
                self.outlet.queue.finish(number);
                open.pop_front();
            }
        }
        true
    }

    /// Whether a request is larger than those to this destination may be.
    fn exceeds(&self, group: &Group) -> bool {
        let most = self.outlet.flow.max_request_bytes;
        most.is_some_and(|most| group.bytes() > most)
    }

    /// Cuts a group of several.
    fn part(&self, groups: &mut VecDeque<Group>, group: Group) {
        match group.cut() {
            Ok(halves) => put_back(groups, halves),
            // There is only one; it is tried again as such.
            Err(group) => groups.push_front(group),
        }
    }

    /// Drops and counts what no attempt is worth any more.
    fn without_old(&self, group: Group, reason: &'static str) -> Option<Group> {
        let now = std::time::Instant::now();
        let old = |piece: &Piece| piece.until.is_none() || piece.over(now);
        let (old, left): (Vec<_>, Vec<_>) = group.into_pieces().into_iter().partition(old);
        for piece in &old {
            let reason = piece.until.map_or(reason, |_| "expired");
            self.count(Outcome::Dropped, &piece.batch, reason, piece.batch.items);
        }
        self.settle(&old);
        Group::new(left)
    }

    /// A single item is too large.
    async fn give_up(&self, group: &Group, failure: Option<Failure>) {
        let message = failure.map(|failure| failure.to_string());
        let message = message.unwrap_or_default();
        for piece in group.pieces() {
            self.bury(piece, "too_large", "", &message).await;
            self.count(
                Outcome::Dropped,
                &piece.batch,
                "too_large",
                piece.batch.items,
            );
        }
        self.outlet.failed(message);
        self.settle(group.pieces());
    }

    /// Their fate is known.
    fn settle(&self, pieces: &[Piece]) {
        for piece in pieces {
            self.outlet.queue.settle(piece.number, piece.batch.items);
        }
    }

    /// Sends a request until its fate is known.
    async fn repeat(&mut self, transport: &Transport, group: &Group) -> Fate {
        let Some(wire) = transport.encode(&group.request()) else {
            if !group.is_single() {
                return Fate::Apart;
            }
            self.count_all(Outcome::Dropped, group, "malformed", group.items());
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
            let answer = self.attempt(transport, group, &wire).await;
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
            match answer.verdict {
                // Halves may pass, so that is no failure yet.
                Verdict::TooLarge => return Fate::TooLarge(answer.failure),
                // All but the one that it is about may pass.
                Verdict::Refused { reason } if !group.is_single() && is_about_content(reason) => {
                    return Fate::Apart;
                }
                _ => {}
            }
            let message = answer.failure.map(|failure| failure.to_string());
            match &message {
                Some(message) => self.outlet.failed(message.clone()),
                None => self.outlet.succeeded(),
            }
            let reason = match answer.verdict {
                Verdict::Delivered(partial) => {
                    let rejected = partial.rejected.min(group.items());
                    if rejected > 0 {
                        tracing::warn!(
                            destination = %self.outlet.name,
                            rejected,
                            "a destination took only a part: {}",
                            partial.message
                        );
                    }
                    self.count_all(Outcome::Exported, group, "", group.items() - rejected);
                    self.count_all(Outcome::Dropped, group, "partial_success", rejected);
                    return Fate::Known;
                }
                Verdict::TooLarge => return Fate::TooLarge(None),
                Verdict::Refused { reason } => {
                    let message = message.unwrap_or_default();
                    for piece in group.pieces() {
                        self.bury(piece, reason, &answer.status, &message).await;
                    }
                    self.count_all(Outcome::Dropped, group, reason, group.items());
                    return Fate::Known;
                }
                Verdict::Retry { reason, .. } => reason,
            };
            if *self.orders.borrow() != Orders::Send {
                return Fate::Unknown;
            }
            let long = begin.elapsed() >= self.retry.give_up_after;
            let now = std::time::Instant::now();
            let over = |piece: &Piece| piece.over(now) || (long && piece.until.is_none());
            if group.pieces().iter().any(over) {
                return Fate::Over(reason);
            }
            if long && self.outlet.queue.level().batches > group.pieces().len() {
                return Fate::Stuck;
            }
        }
    }

    async fn attempt(&self, transport: &Transport, group: &Group, wire: &Wire) -> Answer {
        let begin = Instant::now();
        let answer = transport.send(wire).await;
        let took = begin.elapsed();
        self.outlet.meter.answered(took);
        if let Some(piece) = group.pieces().first() {
            let counters = &self.counters;
            counters.took(piece.batch.signal, &self.outlet.name, took);
        }
        tracing::debug!(
            destination = %self.outlet.name,
            batches = group.pieces().len(),
            items = group.items(),
            bytes = wire.len(),
            status = answer.status,
            ms = took.as_millis(),
            "telemetry was sent"
        );
        answer
    }
}

/// Whether a refusal may be about one of several batches, not about who sends or where to.
fn is_about_content(reason: &str) -> bool {
    !matches!(
        reason,
        "http_3xx"
            | "http_401"
            | "http_403"
            | "http_404"
            | "http_405"
            | "http_415"
            | "grpc_unauthenticated"
            | "grpc_permission_denied"
            | "grpc_unimplemented"
    )
}

/// Puts halves in front, so that the order of items stays what it was.
fn put_back(groups: &mut VecDeque<Group>, [left, right]: [Group; 2]) {
    groups.push_front(right);
    groups.push_front(left);
}
