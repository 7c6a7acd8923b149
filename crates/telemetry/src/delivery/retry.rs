//! What an answer means, and how long to wait before the next attempt. Pure functions.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#failures-1>: 429, 502, 503, 504 and broken
//! connections are worth another attempt; any 2xx is success; everything else will not get better.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use crate::config::Retry;

/// No server may make us wait longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// What one attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The destination has it.
    Delivered,
    /// Try again, not before the given time where the destination named one.
    Retry {
        reason: &'static str,
        after: Option<Duration>,
    },
    /// It will never be taken.
    Refused { reason: &'static str },
}

/// Judges an HTTP status. `retry_after` is the header of that name.
pub(crate) fn classify(status: u16, retry_after: Option<&str>, now: SystemTime) -> Verdict {
    let reason = reason(status);
    match status {
        200..=299 => Verdict::Delivered,
        429 | 502 | 503 | 504 => Verdict::Retry {
            reason,
            after: retry_after.and_then(|text| parse_retry_after(text, now)),
        },
        _ => Verdict::Refused { reason },
    }
}

/// A label of few values for a status.
fn reason(status: u16) -> &'static str {
    match status {
        400 => "http_400",
        401 => "http_401",
        403 => "http_403",
        404 => "http_404",
        413 => "http_413",
        415 => "http_415",
        429 => "http_429",
        500 => "http_500",
        502 => "http_502",
        503 => "http_503",
        504 => "http_504",
        _ if status < 400 => "http_3xx",
        _ if status < 500 => "http_4xx",
        _ => "http_5xx",
    }
}

/// What somebody can do about a refusal.
pub(crate) fn remedy(status: u16) -> &'static str {
    match status {
        300..=399 => "redirects are not followed; set the final URL as endpoint",
        401 | 403 => "check OTEL_EXPORTER_OTLP_HEADERS: the destination does not accept the key",
        404 | 405 => "check the endpoint: there is no OTLP receiver at this path",
        413 => {
            "the request is larger than the destination takes; lower OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
        }
        415 => "the destination does not take OTLP protobuf at this endpoint",
        429 => "the destination limits the rate; sample less or raise its quota",
        _ => "see the destination's own log",
    }
}

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
    use std::time::UNIX_EPOCH;

    #[test]
    fn statuses() {
        let now = UNIX_EPOCH;
        for status in [200, 201, 202, 204] {
            assert_eq!(classify(status, None, now), Verdict::Delivered);
        }
        for (status, reason) in [
            (429, "http_429"),
            (502, "http_502"),
            (503, "http_503"),
            (504, "http_504"),
        ] {
            let after = None;
            let expected = Verdict::Retry { reason, after };
            assert_eq!(classify(status, None, now), expected);
        }
        for (status, reason) in [
            (301, "http_3xx"),
            (400, "http_400"),
            (401, "http_401"),
            (403, "http_403"),
            (404, "http_404"),
            (408, "http_4xx"),
            (413, "http_413"),
            (415, "http_415"),
            (500, "http_500"),
            (501, "http_5xx"),
            (599, "http_5xx"),
        ] {
            let expected = Verdict::Refused { reason };
            assert_eq!(classify(status, Some("1"), now), expected);
        }
    }

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
