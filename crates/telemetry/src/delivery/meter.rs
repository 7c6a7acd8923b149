//! How fast a destination answers, and how often it has to be asked again.
//!
//! Durations are counted in steps that grow, twelve to the power of ten, so a percentile is right to
//! about a tenth. Counting is one addition per request.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Bounds of the steps within a power of ten.
const STEPS: [u64; 12] = [100, 120, 150, 180, 220, 270, 330, 390, 470, 560, 680, 820];
/// Powers of ten, from 0.1 ms on; what takes longer is in the last step.
const DECADES: usize = 6;
const BUCKETS: usize = STEPS.len() * DECADES;

/// What is measured at one destination.
#[derive(Debug)]
pub(super) struct Meter {
    repeated: AtomicU64,
    answers: [AtomicU32; BUCKETS],
}

/// Answers by how long they took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answers([u32; BUCKETS]);

impl Default for Meter {
    fn default() -> Self {
        Self {
            repeated: AtomicU64::new(0),
            answers: std::array::from_fn(|_| AtomicU32::new(0)),
        }
    }
}

impl Default for Answers {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl Meter {
    /// A request has to be sent again.
    pub(super) fn repeated(&self) {
        self.repeated.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests that had to be sent again since the start.
    pub(super) fn repetitions(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    /// A request was answered, or the connection broke, after that long.
    pub(super) fn answered(&self, after: Duration) {
        let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.answers.get(place(micros)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All answers since the start. Counts wrap around.
    pub(super) fn answers(&self) -> Answers {
        Answers(std::array::from_fn(|at| {
            self.answers[at].load(Ordering::Relaxed)
        }))
    }
}

impl Answers {
    /// Those that came after `before`.
    pub(super) fn since(&self, before: &Self) -> Self {
        Self(std::array::from_fn(|at| {
            self.0[at].wrapping_sub(before.0[at])
        }))
    }

    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|count| u64::from(*count)).sum()
    }

    /// How many milliseconds that share of the answers took at most; `None` where there is none.
    pub(super) fn percentile(&self, share: f64) -> Option<u64> {
        let all = self.count();
        if all == 0 {
            return None;
        }
        let wanted = (all as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        let found = self.0.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted
        });
        found.map(|at| bound(at).div_ceil(1000))
    }
}

/// The upper bound of a bucket in microseconds.
fn bound(at: usize) -> u64 {
    let decade = u32::try_from(at / STEPS.len()).unwrap_or(u32::MAX);
    STEPS[at % STEPS.len()].saturating_mul(10_u64.saturating_pow(decade))
}

/// The bucket of a duration.
fn place(micros: u64) -> usize {
    let mut low = 0;
    let mut high = BUCKETS - 1;
    while low < high {
        let middle = (low + high) / 2;
        if bound(middle) < micros {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_a_fifth() {
        for millis in [1, 3, 12, 47, 150, 999, 8000] {
            let meter = Meter::default();
            let none = meter.answers();
            assert_eq!(none.percentile(0.5), None);
            for _ in 0..95 {
                meter.answered(Duration::from_millis(millis));
            }
            for _ in 0..5 {
                meter.answered(Duration::from_secs(90));
            }
            let answers = meter.answers().since(&none);
            assert_eq!(answers.count(), 100);
            let exact = millis..=millis + millis.div_ceil(4);
            for share in [0.5, 0.95] {
                let found = answers.percentile(share).unwrap();
                assert!(exact.contains(&found), "{millis}: {found}");
            }
            assert!(answers.percentile(0.99).unwrap() > 80_000 || millis > 80_000);
        }
    }

    #[test]
    fn every_duration_has_a_place() {
        assert_eq!((place(0), place(100), place(101)), (0, 0, 1));
        assert_eq!(place(u64::MAX), BUCKETS - 1);
        assert!((1..BUCKETS).all(|at| bound(at - 1) < bound(at)));
    }
}
