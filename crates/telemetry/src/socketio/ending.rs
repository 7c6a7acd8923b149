//! The end of a connection, for those who wait for an answer on it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// Whether a connection has ended. Set once.
#[derive(Debug, Default)]
pub(super) struct Ending {
    ended: AtomicBool,
    told: Arc<Notify>,
}

impl Ending {
    /// The connection has ended: wakes all who wait.
    pub(super) fn set(&self) {
        self.ended.store(true, Ordering::Release);
        self.told.notify_waiters();
    }
}

/// Waits for the end.
pub(super) struct Ended {
    ending: Arc<Ending>,
    told: Pin<Box<OwnedNotified>>,
}

impl Ended {
    pub(super) fn new(ending: &Arc<Ending>) -> Self {
        Self {
            told: Box::pin(Arc::clone(&ending.told).notified_owned()),
            ending: Arc::clone(ending),
        }
    }

    /// Ready when the connection has ended.
    pub(super) fn poll(&mut self, task: &mut Context<'_>) -> Poll<()> {
        // First leaves its waker, then looks: an end in between is not missed.
        let told = self.told.as_mut().poll(task);
        if told.is_ready() || self.ending.ended.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ended").field(&self.ending).finish()
    }
}
