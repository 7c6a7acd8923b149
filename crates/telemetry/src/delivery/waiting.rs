//! A batch that waits, and where its body is.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::journal::Record;
use super::{Batch, now_ms};
use crate::Signal;

/// A batch that waits.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) signal: Signal,
    pub(super) items: u64,
    /// When it is dropped unless it is delivered before; durable queues only.
    pub(super) until: Option<Instant>,
    pub(super) accepted_ms: u64,
    pub(super) cost: usize,
    /// Whether a sender has it.
    pub(super) given: bool,
    pub(super) done: bool,
    /// Whether it goes in a request of its own: it may be what is never taken.
    pub(super) alone: bool,
    pub(super) body: Body,
}

/// Why a batch has no body.
#[derive(Debug)]
pub(super) struct Unreadable {
    /// Whether it may have one later.
    pub(super) for_now: bool,
    /// A sentence.
    pub(super) why: String,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    Memory(Batch),
    Disk(Arc<Record>, Option<Bytes>),
}

impl Waiting {
    /// The batch with its body, which may have to be read.
    ///
    /// # Errors
    /// It cannot be had, for the moment or at all.
    pub(super) async fn load(self) -> Result<Batch, Unreadable> {
        let (record, kept) = match self.body {
            Body::Memory(batch) => return Ok(batch),
            Body::Disk(record, kept) => (record, kept),
        };
        let batch = |body| Batch {
            signal: record.signal,
            source: record.source,
            items: record.items,
            body,
        };
        if let Some(body) = kept {
            return Ok(batch(body));
        }
        let reading = Arc::clone(&record);
        let read = tokio::task::spawn_blocking(move || reading.read());
        let read = read.await;
        let read = read.unwrap_or_else(|_| Err(std::io::ErrorKind::Interrupted.into()));
        let path = record.path();
        let path = path.display();
        read.map(batch).map_err(|error| Unreadable {
            for_now: !matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::NotFound),
            why: format!("a batch in {path} cannot be read any more: {error}"),
        })
    }

    /// Bytes of its body.
    pub(super) fn length(&self) -> usize {
        match &self.body {
            Body::Memory(batch) => batch.body.len(),
            // 32 bits fit everywhere this can run.
            Body::Disk(record, _) => record.length as usize,
        }
    }

    pub(super) fn age(&self) -> Duration {
        Duration::from_millis(now_ms().saturating_sub(self.accepted_ms))
    }
}
