//! How the journal is doing, in numbers and words.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// The folder of the durable queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StorageStatus {
    /// Where it is.
    pub folder: PathBuf,
    /// What it can do at the moment.
    pub state: StorageState,
    /// Why nothing can be written at the moment, and what to do about it.
    pub problem: Option<String>,
    /// Files that hold batches.
    pub files: u64,
    /// Bytes in them, those included that are delivered and not yet given back.
    pub bytes: u64,
    /// Requests found at the start and queued again, each once for every destination.
    pub recovered: u64,
    /// Places where a file did not hold what had been written.
    pub damaged: u64,
    /// Bytes at those places; copied to the folder `damaged` as long as there is room.
    pub damaged_bytes: u64,
    /// Bytes at the ends of files that a crash left unfinished; nobody had been told that they
    /// were accepted.
    pub torn_bytes: u64,
    /// Times the disk was waited for; many requests share one.
    pub commits: u64,
}

/// What the folder of the durable queues can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum StorageState {
    /// It is being read.
    Opening,
    /// Everything works.
    Ready,
    /// There is no space left: nothing is accepted until there is.
    Full,
    /// It cannot be used: nothing is accepted until it can.
    Failed,
    /// It was closed.
    Closed,
}

#[derive(Debug)]
pub(super) struct Shared {
    status: Mutex<StorageStatus>,
}

impl Shared {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            status: Mutex::new(StorageStatus {
                folder: folder.to_owned(),
                state: StorageState::Opening,
                problem: None,
                files: 0,
                bytes: 0,
                recovered: 0,
                damaged: 0,
                damaged_bytes: 0,
                torn_bytes: 0,
                commits: 0,
            }),
        }
    }

    /// No code panics while it holds the lock, so a poisoned state is still consistent.
    pub(super) fn lock(&self) -> MutexGuard<'_, StorageStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything works; logs where it did not before.
    pub(super) fn works(&self) {
        let mut status = self.lock();
        if matches!(status.state, StorageState::Full | StorageState::Failed) {
            tracing::info!(
                folder = %status.folder.display(),
                "the queue on disk takes telemetry again"
            );
        }
        status.state = StorageState::Ready;
        status.problem = None;
    }

    /// Something does not work; logs it once.
    pub(super) fn fails(&self, what: &str, error: &io::Error) {
        let full = is_full(error);
        let state = if full {
            StorageState::Full
        } else {
            StorageState::Failed
        };
        let mut status = self.lock();
        let folder = status.folder.display();
        let remedy = if full {
            "free some space or set AETHER_TELEMETRY_QUEUE_BYTES lower"
        } else {
            "make it a folder that this process alone may write to, choose another one, or set AETHER_TELEMETRY_QUEUE=memory"
        };
        let problem = format!("{folder}: {what}: {error}; {remedy}");
        if status.state != state {
            tracing::error!("the queue on disk takes no telemetry until this is mended: {problem}");
        }
        status.state = state;
        status.problem = Some(problem);
    }
}

/// Whether an error means that there is no space, whoever sets the bound.
pub(super) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
