//! Destinations that take nothing new are deleted once nothing waits for them.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::inner::Inner;
use super::{LiveChange, LiveError, LiveTerms};
use crate::StorageState;

/// How often is looked whether something still waits.
const LOOK: Duration = Duration::from_millis(200);
/// The same where the file cannot be written.
const AGAIN: Duration = Duration::from_secs(5);

impl Inner {
    /// Waits on a thread for destinations to be emptied, where there are any.
    pub(super) fn empty(&self) {
        let drains = !self.lock().parsed.config.draining.is_empty();
        if !drains || self.emptying.swap(true, Ordering::AcqRel) {
            return;
        }
        let this = self.this.clone();
        let begun = thread::Builder::new()
            .name("aether-drain".to_owned())
            .spawn(move || {
                let mut said = false;
                loop {
                    thread::sleep(LOOK);
                    // Nobody has telemetry any more.
                    let Some(inner) = this.upgrade() else {
                        return;
                    };
                    match inner.emptied() {
                        Ok(true) => {}
                        Ok(false) => {
                            inner.emptying.store(false, Ordering::Release);
                            // One that began just now found this thread still there.
                            if inner.lock().parsed.config.draining.is_empty()
                                || inner.emptying.swap(true, Ordering::AcqRel)
                            {
                                return;
                            }
                        }
                        Err(error) => {
                            if !std::mem::replace(&mut said, true) {
                                tracing::warn!(
                                    "telemetry: an emptied destination stays in the file: {error}"
                                );
                            }
                            drop(inner);
                            thread::sleep(AGAIN);
                        }
                    }
                }
            });
        if let Err(error) = begun {
            self.emptying.store(false, Ordering::Release);
            tracing::warn!("telemetry: no thread to wait for a destination to be emptied: {error}");
        }
    }

    /// Deletes what is empty; says whether there is more to wait for.
    fn emptied(&self) -> Result<bool, LiveError> {
        let storage = self.movable.delivery.storage();
        if storage.is_some_and(|storage| storage.state != StorageState::Ready) {
            // What waits may not be known yet.
            return Ok(true);
        }
        let draining = self.lock().parsed.config.draining.clone();
        for name in &draining {
            let level = self.movable.delivery.level(name);
            let empty = level.is_none_or(|level| level.batches == 0 && level.bytes == 0);
            if empty {
                self.change(
                    &LiveChange::Delete(name.clone()),
                    &LiveTerms::default(),
                    false,
                )?;
            }
        }
        Ok(!self.lock().parsed.config.draining.is_empty())
    }
}
