//! Whether a destination is sent to at all.
//!
//! After a failure that is worth another attempt the circuit is open: nothing is sent until the
//! wait is over. Then one request tries (half open), and what it is told holds for all: so an
//! outage costs one attempt per wait, however many requests may be under way.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::now_ms;
use super::orders::Orders;

/// Whether a destination is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Circuit {
    /// Whether it is.
    pub state: CircuitState,
    /// Since when, milliseconds since 1970; 0 where it has not changed since the start.
    pub since_ms: u64,
    /// Until when nothing is sent, milliseconds since 1970; only where it is open.
    pub until_ms: Option<u64>,
}

/// The three states of a circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CircuitState {
    /// Requests are sent.
    #[default]
    Closed,
    /// The last one failed: nothing is sent until it is time to try again.
    Open,
    /// One request tries.
    HalfOpen,
}

/// What a request is told that asks to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Go,
    /// Nothing is to be sent any more, or the process is about to end and the destination asked to
    /// be left alone.
    Stay,
}

/// The circuit of one destination.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    shown: Circuit,
    until: Option<Instant>,
    /// Whether the destination asked for the wait.
    asked: bool,
    /// Failures since the last success.
    failures: u32,
}

impl Breaker {
    pub(super) fn shown(&self) -> Circuit {
        self.lock().shown
    }

    /// Waits until a request may be sent. At the end of the process it may be sent at once, unless
    /// the destination asked to be left alone.
    pub(super) async fn pass(&self, orders: &mut watch::Receiver<Orders>) -> Pass {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let ending = match *orders.borrow() {
                Orders::Send => false,
                Orders::End => true,
                Orders::Pause | Orders::Leave => return Pass::Stay,
            };
            let until = {
                let mut inner = self.lock();
                match (inner.shown.state, inner.until) {
                    (CircuitState::Closed, _) => return Pass::Go,
                    (CircuitState::Open, Some(until)) if until > Instant::now() => {
                        if ending {
                            return if inner.asked { Pass::Stay } else { Pass::Go };
                        }
                        Some(until)
                    }
                    (CircuitState::Open, _) => {
                        inner.set(CircuitState::HalfOpen, None);
                        return Pass::Go;
                    }
                    (CircuitState::HalfOpen, _) if ending => return Pass::Go,
                    (CircuitState::HalfOpen, _) => None,
                }
            };
            let over = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over => {}
                () = changed => {}
                _ = orders.wait_for(|orders| *orders != Orders::Send) => {}
            }
        }
    }

    /// A request that was to try is not sent after all: the next one tries.
    pub(super) fn step_back(&self) {
        let mut inner = self.lock();
        if inner.shown.state == CircuitState::HalfOpen {
            inner.set(CircuitState::Open, Some(Duration::ZERO));
            drop(inner);
            self.changed.notify_waiters();
        }
    }

    /// The destination answered something that is no reason to wait.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.failures = 0;
        if inner.shown.state != CircuitState::Closed {
            inner.set(CircuitState::Closed, None);
            drop(inner);
            self.changed.notify_waiters();
        }
    }

    /// A request failed; `wait` says how long nothing is sent, given how many failed in a row, and
    /// `asked` whether the destination wants it so.
    pub(super) fn open(&self, asked: bool, wait: impl FnOnce(u32) -> Duration) {
        let mut inner = self.lock();
        // Requests that were under way together fail together: that is one failure.
        if inner.shown.state != CircuitState::Open {
            inner.failures = inner.failures.saturating_add(1);
        }
        let wait = wait(inner.failures);
        let until = Instant::now() + wait;
        inner.asked |= asked;
        if inner.shown.state == CircuitState::Open && inner.until.is_some_and(|old| old >= until) {
            return;
        }
        inner.asked = asked;
        inner.set(CircuitState::Open, Some(wait));
        inner.until = Some(until);
        drop(inner);
        self.changed.notify_waiters();
    }

    /// No code panics while it holds the lock, so a poisoned state is still consistent.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn set(&mut self, state: CircuitState, wait: Option<Duration>) {
        let now = now_ms();
        if self.shown.state != state {
            self.shown.since_ms = now;
        }
        self.shown.state = state;
        let wait = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self.shown.until_ms = wait.map(|wait| now.saturating_add(wait));
        self.until = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(60);

    fn state(breaker: &Breaker) -> CircuitState {
        breaker.shown().state
    }

    /// With the clock of tokio, which moves on by itself where nothing else does.
    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(test);
    }

    #[test]
    fn one_request_tries_and_the_others_wait_for_it() {
        run(async {
            let (_orders, given) = watch::channel(Orders::Send);
            let breaker = Breaker::default();
            let pass = || breaker.pass(Box::leak(Box::new(given.clone())));
            assert_eq!(pass().await, Pass::Go);
            breaker.open(false, |failures| {
                assert_eq!(failures, 1);
                Duration::from_millis(1)
            });
            assert_eq!(state(&breaker), CircuitState::Open);
            assert!(breaker.shown().until_ms.unwrap() >= breaker.shown().since_ms);
            assert_eq!(pass().await, Pass::Go);
            assert_eq!(state(&breaker), CircuitState::HalfOpen);
            let mut second = Box::pin(pass());
            let waits = std::future::poll_fn(|context| {
                std::task::Poll::Ready(second.as_mut().poll(context).is_pending())
            });
            assert!(waits.await, "one at a time");
            breaker.close();
            assert_eq!(second.await, Pass::Go);
            assert_eq!(state(&breaker), CircuitState::Closed);
        });
    }

    #[test]
    fn failures_that_come_together_are_one() {
        run(async {
            let breaker = Breaker::default();
            for _ in 0..5 {
                breaker.open(false, |failures| {
                    assert_eq!(failures, 1);
                    WAIT
                });
            }
            let until = breaker.shown().until_ms;
            breaker.open(false, |_| Duration::ZERO);
            assert_eq!(breaker.shown().until_ms, until, "the longest wait counts");
        });
    }

    #[test]
    fn at_the_end_nobody_waits_and_a_wish_is_respected() {
        run(async {
            for (asked, expected) in [(false, Pass::Go), (true, Pass::Stay)] {
                let (orders, mut given) = watch::channel(Orders::Send);
                let breaker = Breaker::default();
                breaker.open(asked, |_| WAIT);
                orders.send(Orders::End).unwrap();
                assert_eq!(breaker.pass(&mut given).await, expected);
            }
        });
    }

    #[test]
    fn who_steps_back_leaves_the_attempt_to_the_next() {
        run(async {
            let (orders, mut given) = watch::channel(Orders::Send);
            let breaker = Breaker::default();
            breaker.open(false, |_| Duration::ZERO);
            assert_eq!(breaker.pass(&mut given).await, Pass::Go);
            assert_eq!(state(&breaker), CircuitState::HalfOpen);
            breaker.step_back();
            assert_eq!(breaker.pass(&mut given).await, Pass::Go);
            for order in [Orders::Pause, Orders::Leave] {
                breaker.open(false, |_| WAIT);
                orders.send(order).unwrap();
                assert_eq!(breaker.pass(&mut given).await, Pass::Stay);
            }
        });
    }
}
