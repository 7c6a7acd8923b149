//! Counting, by signal: what has arrived, and what was lost for which reason. Nothing is dropped without being
//! counted here.

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
}

/// Totals since the start.
#[derive(Debug, Default, Clone)]
pub struct Counts {
    /// For each signal the records a backend has taken, then those lost, by reason.
    counts: [[u32; 1 + Reason::ALL.len()]; Signal::ALL.len()],
}

impl Counts {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self {
            counts: [[0; 1 + Reason::ALL.len()]; Signal::ALL.len()],
        }
    }

    /// Counts `items` lost items.
    pub fn lost(&mut self, signal: Signal, reason: Reason, items: u32) {
        self.count(signal, 1 + reason as usize, items);
    }

    /// Counts `items` exported items.
    pub fn arrived(&mut self, signal: Signal, items: u32) {
        self.count(signal, 0, items);
    }

    #[inline(never)] // It would be copied to wherever something is counted.
    fn count(&mut self, signal: Signal, at: usize, items: u32) {
        let count = &mut self.counts[signal as usize][at];
        *count = count.saturating_add(items);
    }

    /// How many items of a signal were lost for a reason.
    pub const fn get(&self, signal: Signal, reason: Reason) -> u32 {
        self.counts[signal as usize][1 + reason as usize]
    }

    /// How many items of a signal a backend has taken.
    pub const fn exported(&self, signal: Signal) -> u32 {
        self.counts[signal as usize][0]
    }

    /// All counts, signal by signal: exported, then the reasons in the order of their numbers.
    pub const fn all(&self) -> &[u32] {
        self.counts.as_flattened()
    }
}
