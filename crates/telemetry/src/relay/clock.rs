//! How far a client's clock is off.
//!
//! Known from when it says that it sent the request: the header `x-aether-sent-at`, or the
//! parameter `sent_at` where no header can be set, in milliseconds since 1970 by the clock that
//! its times are from, written anew for each attempt. The way here counts as part of the
//! difference; it takes less than any threshold that makes sense.
//!
//! Without it only a clock that is ahead shows: nothing that was sent can be newer than now. One
//! that is behind cannot be told from telemetry that waited to be sent.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::request::Parts;

use super::keys::parameter;

const HEADER: &str = "x-aether-sent-at";
const PARAMETER: &str = "sent_at";

/// When the client says that it sent the request, in milliseconds since 1970.
pub(super) fn sent_at(parts: &Parts) -> Option<u64> {
    let mut headers = parts.headers.get_all(HEADER).iter();
    let text = match (headers.next(), headers.next()) {
        (Some(value), None) => value.to_str().ok()?,
        (Some(_), Some(_)) => return None,
        (None, _) => parameter(parts, PARAMETER)?,
    };
    // Browsers have fractions of milliseconds.
    let whole = text.split('.').next().unwrap_or_default();
    let digits = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| whole.parse().ok()).flatten()
}

/// Nanoseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = since.unwrap_or(Duration::ZERO);
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// What to add to a client's times, in milliseconds; `None` where its clock is right, or right
/// enough. `newest` is the newest time in its request, all others in nanoseconds, too.
pub(super) fn offset(
    sent_at: Option<u64>,
    newest: Option<u64>,
    now: u64,
    threshold: Duration,
) -> Option<i64> {
    let now = now / 1_000_000;
    let theirs = match sent_at {
        Some(sent_at) => sent_at,
        None => (newest? / 1_000_000).max(now),
    };
    let off = i64::try_from(i128::from(now) - i128::from(theirs)).ok()?;
    let threshold = u64::try_from(threshold.as_millis()).unwrap_or(u64::MAX);
    (off.unsigned_abs() > threshold).then_some(off)
}

/// A time moved by so many milliseconds. 0 means that there is none.
pub(super) fn shifted(nanos: u64, offset: i64) -> u64 {
    if nanos == 0 {
        return 0;
    }
    let moved = i128::from(nanos) + i128::from(offset) * 1_000_000;
    u64::try_from(moved.max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    #[test]
    fn the_table_of_clocks() {
        let minute = 60_000;
        for (sent_at, newest, expected) in [
            // Right, and right enough.
            (Some(NOW), Some(NOW), None),
            (Some(NOW - 9_000), None, None),
            (Some(NOW + 9_000), None, None),
            // Behind and ahead by a minute, whatever is in the batch.
            (Some(NOW - minute), Some(NOW), Some(60_000)),
            (Some(NOW + minute), None, Some(-60_000)),
            // An offline queue: old telemetry, and the clock is right.
            (Some(NOW), Some(NOW - 1000 * minute), None),
            // No word about the sending: only the future is impossible.
            (None, Some(NOW - minute), None),
            (None, Some(NOW + minute), Some(-60_000)),
            (None, None, None),
            // A clock that was never set.
            (Some(0), None, Some(1_800_000_000_000)),
            (Some(u64::MAX), None, None),
        ] {
            let nanos = |ms: u64| ms * 1_000_000;
            let threshold = Duration::from_secs(10);
            let found = offset(sent_at, newest.map(nanos), nanos(NOW), threshold);
            assert_eq!(found, expected, "{sent_at:?} {newest:?}");
        }
    }

    #[test]
    fn times_stay_times() {
        assert_eq!(shifted(0, 5), 0);
        assert_eq!(shifted(10_000_000, -9), 1_000_000);
        assert_eq!(shifted(10_000_000, -99), 1);
        assert_eq!(shifted(u64::MAX, 1), u64::MAX);
        assert_eq!(shifted(1, i64::MAX), u64::MAX);
    }

    #[test]
    fn what_a_client_says() {
        for (uri, header, expected) in [
            ("/v1/traces", Some("1800000000000"), Some(NOW)),
            ("/v1/traces", Some("1800000000000.125"), Some(NOW)),
            ("/v1/traces?sent_at=1800000000000", None, Some(NOW)),
            ("/v1/traces", Some("-5"), None),
            ("/v1/traces", Some("soon"), None),
            ("/v1/traces", Some("99999999999999999999999"), None),
            ("/v1/traces", Some(""), None),
            ("/v1/traces", None, None),
        ] {
            let mut request = http::Request::post(uri);
            if let Some(value) = header {
                request = request.header(HEADER, value);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(sent_at(&parts), expected, "{header:?}");
        }
    }
}
