//! How long to wait before the next attempt. Pure functions.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use crate::config::Retry;

/// No server may make us wait longer than this.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// `Retry-After` as seconds or as an HTTP date (RFC 9110, section 10.2.3).
pub(crate) fn parse_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    let wait = if let Ok(seconds) = text.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let date = httpdate::parse_http_date(text).ok()?;
        // A date that has passed means: now.
        date.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(LONGEST_WAIT))
}

/// The wait before attempt `attempt` (the first repetition is 1): longer each time up to the
/// maximum, of which a random half is taken off so that clients do not come in waves.
pub(crate) fn backoff(retry: &Retry, attempt: u32, random: u64) -> Duration {
    let power = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    // Whatever it comes to, infinity included, is at most the maximum.
    let longer = retry.initial.as_secs_f64() * retry.multiplier.max(1.0).powi(power);
    let full = Duration::try_from_secs_f64(longer).unwrap_or(retry.max);
    let full = full.min(retry.max);
    let half = full / 2;
    // The top 53 bits, so that the fraction is exact and below 1.
    let fraction = (random >> 11) as f64 / (1u64 << 53) as f64;
    half + half.mul_f64(fraction)
}

/// A number nobody can predict, good enough to spread retries.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn retry_after_in_both_forms() {
        let now = httpdate::parse_http_date("Wed, 21 Oct 2026 07:28:00 GMT").unwrap();
        for (text, seconds) in [
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("Wed, 21 Oct 2026 07:28:30 GMT", Some(30)),
            ("Wed, 21 Oct 2026 07:27:00 GMT", Some(0)),
            ("999999", Some(600)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(parse_retry_after(text, now), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn backoff_stays_between_half_and_full(attempt: u32, random: u64) {
            let retry = Retry::default();
            let wait = backoff(&retry, attempt, random);
            prop_assert!(wait >= retry.initial / 2 && wait <= retry.max);
        }

        #[test]
        fn each_wait_is_longer_by_the_multiplier(multiplier in 1.0f64..10.0) {
            let retry = Retry { multiplier, max: Duration::from_secs(3600), ..Retry::default() };
            // The largest random number takes next to nothing off.
            let [first, second] = [1, 2].map(|attempt| backoff(&retry, attempt, u64::MAX));
            let longer = second.as_secs_f64() / first.as_secs_f64();
            prop_assert!((longer - multiplier).abs() < 1e-3, "{longer}");
        }
    }
}
