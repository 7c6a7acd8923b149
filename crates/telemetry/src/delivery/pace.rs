//! How fast a destination is sent to: so many requests and bytes in a second.
//!
//! Each limit is a bucket that holds what may go in one second and fills up steadily. A request goes
//! once there is enough in it for its cost, or it is full: so a request larger than a second's worth
//! goes, too, takes the bucket below zero, and those behind it wait the longer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Flow;

/// The limits of one destination.
#[derive(Debug)]
pub(super) struct Pace {
    buckets: Mutex<[Option<Bucket>; 2]>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    per_second: f64,
    level: f64,
    at: Instant,
}

impl Bucket {
    fn new(per_second: f64, now: Instant) -> Self {
        Self {
            per_second,
            level: per_second.max(1.0),
            at: now,
        }
    }

    /// How long until that much may go, after what came in since the last look.
    fn wait(&mut self, cost: f64, now: Instant) -> Duration {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        let most = self.per_second.max(1.0);
        self.level = (self.level + since * self.per_second).min(most);
        self.at = now;
        let missing = cost.min(most) - self.level;
        if missing <= 0.0 {
            return Duration::ZERO;
        }
        // A little more, so that the next look finds it.
        let seconds = missing / self.per_second + 1e-3;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

impl Pace {
    pub(super) fn new(flow: &Flow) -> Self {
        let now = Instant::now();
        let bucket = |per_second: Option<f64>| per_second.map(|rate| Bucket::new(rate, now));
        let buckets = [
            bucket(flow.requests_per_second),
            bucket(flow.bytes_per_second),
        ];
        Self {
            buckets: Mutex::new(buckets),
        }
    }

    /// Waits until a request of so many bytes may go.
    pub(super) async fn turn(&self, bytes: usize) {
        loop {
            let wait = self.take(bytes, Instant::now());
            if wait.is_zero() {
                return;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes what a request costs, or says how long to wait first.
    fn take(&self, bytes: usize, now: Instant) -> Duration {
        let mut buckets = self.lock();
        let costs = [1.0, bytes as f64];
        let mut wait = Duration::ZERO;
        for (bucket, cost) in buckets.iter_mut().zip(costs) {
            if let Some(bucket) = bucket {
                wait = wait.max(bucket.wait(cost, now));
            }
        }
        if wait.is_zero() {
            for (bucket, cost) in buckets.iter_mut().zip(costs) {
                if let Some(bucket) = bucket {
                    bucket.level -= cost;
                }
            }
        }
        wait
    }

    /// No code panics while it holds the lock, so a poisoned state is still consistent.
    fn lock(&self) -> MutexGuard<'_, [Option<Bucket>; 2]> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many requests of a size go in ten seconds, where one is always waiting.
    fn sent(flow: &Flow, bytes: usize) -> u32 {
        let pace = Pace::new(flow);
        let begin = Instant::now();
        let (mut now, mut sent) = (begin, 0);
        while now < begin + Duration::from_secs(10) {
            let wait = pace.take(bytes, now);
            if wait.is_zero() {
                sent += 1;
            }
            assert!(sent < 1_000_000, "there is a limit");
            now += wait;
        }
        sent
    }

    #[test]
    fn limits_hold_over_time() {
        for (requests, bytes, size, least, most) in [
            (Some(5.0), None, 1000, 54, 56),
            (Some(0.5), None, 1000, 5, 7),
            (None, Some(1000.0), 100, 109, 111),
            (None, Some(1000.0), 3000, 4, 5),
            (Some(5.0), Some(100.0), 100, 10, 12),
        ] {
            let flow = Flow {
                requests_per_second: requests,
                bytes_per_second: bytes,
                ..Flow::default()
            };
            let sent = sent(&flow, size);
            assert!((least..=most).contains(&sent), "{flow:?}: {sent}");
        }
    }

    #[test]
    fn a_quiet_time_gives_a_second_s_worth_and_no_more() {
        let flow = Flow {
            requests_per_second: Some(3.0),
            ..Flow::default()
        };
        let pace = Pace::new(&flow);
        let later = Instant::now() + Duration::from_secs(3600);
        let at_once = (0..10).filter(|_| pace.take(1, later).is_zero()).count();
        assert_eq!(at_once, 3);
    }

    #[test]
    fn without_limits_nothing_waits() {
        let pace = Pace::new(&Flow::default());
        let now = Instant::now();
        assert!((0..1000).all(|_| pace.take(usize::MAX, now).is_zero()));
    }
}
