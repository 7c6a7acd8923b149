//! What the answer to an export means.
//!
//! OTLP/HTTP: any 2xx is success; 429, 502, 503 and 504 and broken connections are worth another try; every
//! other answer is final (<https://opentelemetry.io/docs/specs/otlp/#failures>).

/// The first pause after a failure, in milliseconds; it doubles with each further one.
pub const FIRST_DELAY_MS: f64 = 1_000.0;
/// No pause is longer than this, unless the server asks for it.
pub const MAX_DELAY_MS: f64 = 60_000.0;
/// The longest pause a server may ask for with `Retry-After`.
pub const MAX_RETRY_AFTER_MS: f64 = 300_000.0;
/// Tries at a server that answers "later" before a batch is given up. Broken connections do not count
/// against it: a laptop may sleep for hours, and the bounded queue already limits what waits.
pub const MAX_ATTEMPTS: u32 = 8;

/// No HTTP status: whoever took the batch out has made it their own, and counts it from now on.
pub const TAKEN_OVER: u32 = 1;

/// What to do with a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// It has arrived.
    Delivered,
    /// Try again after this many milliseconds.
    Retry(f64),
    /// It will never be accepted.
    Refused,
    /// The server has said "later" too often.
    Exhausted,
    /// It is not ours any more.
    TakenOver,
}

/// Decides what follows from an answer.
///
/// `status` is the HTTP status, 0 for a connection that broke or timed out; `attempt` counts the tries so
/// far including this one; `retry_after_ms` is what the server asked for, negative if nothing; `jitter` is
/// a random fraction in `0..1` that spreads the clients of a server which has just come back.
pub fn decide(status: u32, attempt: u32, retry_after_ms: f64, jitter: f64) -> Verdict {
    match status {
        200..=299 => return Verdict::Delivered,
        0 => {}
        TAKEN_OVER => return Verdict::TakenOver,
        429 | 502 | 503 | 504 if attempt >= MAX_ATTEMPTS => return Verdict::Exhausted,
        429 | 502 | 503 | 504 => {}
        _ => return Verdict::Refused,
    }
    let doublings = attempt.saturating_sub(1).min(16);
    let pause = (FIRST_DELAY_MS * f64::from(1_u32 << doublings)).min(MAX_DELAY_MS);
    let pause = pause * (0.5 + 0.5 * jitter);
    // The server knows better than our schedule, but it does not get to stop us for hours.
    Verdict::Retry(pause.max(retry_after_ms.min(MAX_RETRY_AFTER_MS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_verdict() {
        for status in 0..1000 {
            let verdict = decide(status, 1, -1.0, 0.5);
            match status {
                200..=299 => assert_eq!(verdict, Verdict::Delivered, "{status}"),
                TAKEN_OVER => assert_eq!(verdict, Verdict::TakenOver),
                0 | 429 | 502 | 503 | 504 => assert_eq!(verdict, Verdict::Retry(750.0), "{status}"),
                _ => assert_eq!(verdict, Verdict::Refused, "{status}"),
            }
        }
    }

    #[test]
    fn pauses_double_up_to_the_limit() {
        let pause = |attempt, jitter| match decide(0, attempt, -1.0, jitter) {
            Verdict::Retry(pause) => pause,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            [1, 2, 3, 6, 7, 1000].map(|n| pause(n, 1.0)),
            [1e3, 2e3, 4e3, 32e3, 60e3, 60e3]
        );
        assert_eq!(pause(1, 0.0), 500.0);
        assert_eq!(pause(u32::MAX, 0.0), 30e3);
    }

    #[test]
    fn the_server_can_ask_for_more_time_within_bounds() {
        for (asked, got) in [
            (30e3, 30e3),
            (1.0, 500.0),
            (1e9, MAX_RETRY_AFTER_MS),
            (f64::NAN, 500.0),
        ] {
            let got_verdict = decide(503, 1, asked, 0.0);
            if asked.is_nan() {
                // `min` of NaN is the limit; still bounded.
                assert!(matches!(got_verdict, Verdict::Retry(p) if p <= MAX_RETRY_AFTER_MS));
            } else {
                assert_eq!(got_verdict, Verdict::Retry(got), "{asked}");
            }
        }
    }

    #[test]
    fn only_answers_are_ever_exhausted() {
        assert_eq!(decide(503, MAX_ATTEMPTS, -1.0, 0.0), Verdict::Exhausted);
        assert!(matches!(decide(0, u32::MAX, -1.0, 0.0), Verdict::Retry(_)));
        assert_eq!(decide(200, u32::MAX, -1.0, 0.0), Verdict::Delivered);
    }
}
