//! Counting what was lost, by signal and reason. Nothing is dropped without being counted here.

use crate::Signal;

/// Why something never reached a backend. The TypeScript side knows these by their position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The queue was at its limit; the oldest waiting batch went.
    QueueFull = 0,
    /// One record larger than a whole batch may be.
    TooLarge = 1,
    /// A record that could not be understood.
    Malformed = 2,
    /// The backend refused the batch for good.
    Refused = 3,
    /// The backend answered "later" too often.
    RetriesExhausted = 4,
    /// The backend took the batch but threw away some of it.
    Rejected = 5,
    /// New traces beyond an event's rate limit; their spans are not recorded.
    RateLimited = 6,
}

impl Reason {
    /// All reasons in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::QueueFull,
        Self::TooLarge,
        Self::Malformed,
        Self::Refused,
        Self::RetriesExhausted,
        Self::Rejected,
        Self::RateLimited,
    ];

    /// The value of the attribute `reason` in `aether.telemetry.dropped`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Refused => "refused",
            Self::RetriesExhausted => "retries_exhausted",
            Self::Rejected => "rejected",
            Self::RateLimited => "rate_limited",
        }
    }
}

/// Totals since the start.
#[derive(Debug, Default, Clone)]
pub struct Drops {
    counts: [[u32; Reason::ALL.len()]; Signal::ALL.len()],
}

impl Drops {
    /// Counts `items` lost items.
    pub fn add(&mut self, signal: Signal, reason: Reason, items: u32) {
        let count = &mut self.counts[signal as usize][reason as usize];
        *count = count.saturating_add(items);
    }

    /// How many items of a signal were lost for a reason.
    pub fn get(&self, signal: Signal, reason: Reason) -> u32 {
        self.counts[signal as usize][reason as usize]
    }
}
