//! The rate limit on new traces: one token bucket per event name.
//!
//! It is asked only where a trace begins. What it refuses is not lost silently: the trace gets ids
//! and travels on, marked "not sampled", and the caller counts it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Event names with a bucket of their own; all later names share one. A client chooses the names
/// a fallback handler sees, so the map must not grow with them.
const MAX_EVENTS: usize = 128;

/// The name under which all names beyond [`MAX_EVENTS`] are counted. No event can be called so,
/// as real names are looked up first.
const OVERFLOW: &str = "";

/// Token buckets by event name, bounded.
#[derive(Default)]
pub(super) struct Limiter {
    buckets: Mutex<HashMap<Box<str>, Bucket>>,
}

struct Bucket {
    tokens: f64,
    refilled: Instant,
}

impl Limiter {
    /// Whether one more trace may begin with `event` now. `per_second` is both the refill rate and
    /// the burst; `None` means no limit.
    pub(super) fn admits(&self, event: &str, per_second: Option<u32>) -> bool {
        match per_second {
            None => true,
            Some(rate) => self.admits_at(event, f64::from(rate), Instant::now()),
        }
    }

    fn admits_at(&self, event: &str, rate: f64, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let key = if buckets.contains_key(event) || buckets.len() < MAX_EVENTS {
            event
        } else {
            OVERFLOW
        };
        if let Some(bucket) = buckets.get_mut(key) {
            return bucket.take(rate, now);
        }
        let mut bucket = Bucket {
            tokens: rate,
            refilled: now,
        };
        let admitted = bucket.take(rate, now);
        buckets.insert(key.into(), bucket);
        admitted
    }
}

impl Bucket {
    fn take(&mut self, rate: f64, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.refilled).as_secs_f64();
        self.tokens = (self.tokens + elapsed * rate).min(rate);
        self.refilled = now;
        let admitted = self.tokens >= 1.0;
        if admitted {
            self.tokens -= 1.0;
        }
        admitted
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = self
            .buckets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        f.debug_struct("Limiter").field("events", &events).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_cut_at_the_rate_and_refills_with_time() {
        let limiter = Limiter::default();
        let start = Instant::now();
        let admitted = (0..100)
            .filter(|_| limiter.admits_at("tick", 20.0, start))
            .count();
        assert_eq!(admitted, 20);
        let later = start + Duration::from_millis(250);
        let admitted = (0..100)
            .filter(|_| limiter.admits_at("tick", 20.0, later))
            .count();
        assert_eq!(admitted, 5);
    }

    #[test]
    fn events_do_not_share_a_bucket_until_there_are_too_many() {
        let limiter = Limiter::default();
        let now = Instant::now();
        for index in 0..MAX_EVENTS {
            assert!(limiter.admits_at(&format!("event-{index}"), 1.0, now));
        }
        assert!(limiter.admits_at("one more", 1.0, now));
        assert!(
            !limiter.admits_at("and another", 1.0, now),
            "the rest share one bucket"
        );
        assert!(limiter.buckets.lock().unwrap().len() <= MAX_EVENTS + 1);
    }

    #[test]
    fn zero_admits_nothing_and_none_everything() {
        let limiter = Limiter::default();
        assert!(!limiter.admits("tick", Some(0)));
        assert!((0..1000).all(|_| limiter.admits("tick", None)));
    }
}
