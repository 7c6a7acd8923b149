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

/// The wait before attempt `attempt` (the first repetition is 1): doubled each time up to the
/// maximum, of which a random half is taken off so that clients do not come in waves.
pub(crate) fn backoff(retry: &Retry, attempt: u32, random: u64) -> Duration {
    let doubled = 2u32.saturating_pow(attempt.saturating_sub(1));
    let full = retry.initial.saturating_mul(doubled).min(retry.max);
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
    }
}
