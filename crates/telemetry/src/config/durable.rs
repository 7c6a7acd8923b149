//! Queues on disk.

use std::path::PathBuf;
use std::time::Duration;

/// Where durable queues are, and their bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durable {
    /// The folder. It is made where it does not exist, and belongs to one process at a time.
    pub folder: PathBuf,
    /// What was not delivered after this long is dropped. Default: 24 h.
    pub max_age: Duration,
    /// Bound in bytes of what destinations refused for good, which is kept to be looked at and
    /// sent again. Default: 64 MiB.
    pub dead_letter_bytes: usize,
}

impl Durable {
    /// Durable queues in a folder, with the default bounds.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            max_age: Duration::from_secs(24 * 60 * 60),
            dead_letter_bytes: 64 * 1024 * 1024,
        }
    }
}
