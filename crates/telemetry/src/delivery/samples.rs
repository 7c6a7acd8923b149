//! The last small request of each kind, to try rules on.
//!
//! Looked at once a second, so that what it costs is a comparison.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::{Batch, now_ms};
use crate::Signal;

/// Longer ones are not kept.
const MOST_BYTES: usize = 128 * 1024;
/// A request is kept this long before the next one takes its place.
const EVERY_MS: u64 = 1000;

/// One request of each kind.
#[derive(Debug, Default)]
pub(super) struct Samples([Sample; 3]);

#[derive(Debug, Default)]
struct Sample {
    taken_ms: AtomicU64,
    body: Mutex<Option<Bytes>>,
}

impl Samples {
    /// Looks at a request.
    pub(super) fn note(&self, batch: &Batch) {
        let sample = &self.0[batch.signal.index()];
        let now = now_ms();
        let before = sample.taken_ms.load(Ordering::Relaxed);
        if now.abs_diff(before) < EVERY_MS || batch.body.len() > MOST_BYTES {
            return;
        }
        sample.taken_ms.store(now, Ordering::Relaxed);
        // A copy, because the body may be a part of something larger.
        let body = Bytes::copy_from_slice(&batch.body);
        *sample.body.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
    }

    /// The last one.
    pub(super) fn last(&self, signal: Signal) -> Option<Bytes> {
        let body = self.0[signal.index()].body.lock();
        body.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
