//! How many failures are logged.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Lines at once.
const BURST: f64 = 10.0;
/// Lines per second from then on.
const PER_SECOND: f64 = 1.0;

/// A quota of log lines that remembers how many it refused: an event that always fails, sent by a
/// client as fast as it can, must not fill a disk.
#[derive(Debug)]
pub(super) struct Quota(Mutex<State>);

#[derive(Debug)]
struct State {
    lines: f64,
    refilled: Instant,
    unsaid: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self(Mutex::new(State {
            lines: BURST,
            refilled: Instant::now(),
            unsaid: 0,
        }))
    }
}

impl Quota {
    /// Whether one more line may be written, and how many were not since the last one.
    pub(super) fn take(&self) -> Option<u64> {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = now.saturating_duration_since(state.refilled).as_secs_f64();
        state.lines = (state.lines + elapsed * PER_SECOND).min(BURST);
        state.refilled = now;
        if state.lines < 1.0 {
            state.unsaid = state.unsaid.saturating_add(1);
            return None;
        }
        state.lines -= 1.0;
        Some(std::mem::take(&mut state.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_left_out_is_said_with_the_next_line() {
        let quota = Quota::default();
        let start = Instant::now();
        let lines: Vec<_> = (0..25).filter_map(|_| quota.take_at(start)).collect();
        assert_eq!(lines, [0; 10]);
        let later = start + Duration::from_millis(2100);
        let lines: Vec<_> = (0..5).filter_map(|_| quota.take_at(later)).collect();
        assert_eq!(lines, [15, 0]);
        assert_eq!(quota.take_at(later + Duration::from_secs(1)), Some(3));
    }
}
