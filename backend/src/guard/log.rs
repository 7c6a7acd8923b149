//! One log line per refusal, but never a flood of them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::ConnectInfo;
use http::header::ORIGIN;
use http::request::Parts;

use super::refusal::Refusal;

/// Lines per [`WINDOW`]; further refusals in it are counted and told with the next line.
const LINES: u32 = 20;

/// The time over which lines are counted.
const WINDOW: Duration = Duration::from_secs(10);

/// Most characters of a path or origin in a line. The sender chooses them.
const SHOWN: usize = 120;

/// Writes refusals to the log.
#[derive(Debug, Default)]
pub(crate) struct RefusalLog {
    quota: Mutex<Quota>,
}

/// How many lines may be written.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    since: Option<Instant>,
    lines: u32,
    unwritten: u64,
}

impl Quota {
    /// Whether a line may be written at `now`; with it, how many refusals were not written before it.
    pub(crate) fn take(&mut self, now: Instant) -> Option<u64> {
        if self
            .since
            .is_none_or(|since| now.duration_since(since) >= WINDOW)
        {
            self.since = Some(now);
            self.lines = 0;
        }
        if self.lines == LINES {
            self.unwritten += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.unwritten))
    }
}

impl RefusalLog {
    /// Writes a line about a refused request. Its query is left out: a mistyped token may be in it.
    pub(crate) fn note(&self, refusal: Refusal, request: &Parts) {
        let quota = self
            .quota
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(Instant::now());
        let Some(unwritten) = quota else { return };
        let peer = request
            .extensions
            .get::<ConnectInfo<std::net::SocketAddr>>();
        tracing::warn!(
            status = refusal.status().as_u16(),
            reason = refusal.code(),
            method = %request.method,
            path = shown(request.uri.path()),
            origin = request.headers.get(ORIGIN).map(|origin| shown(&String::from_utf8_lossy(origin.as_bytes()))),
            peer = peer.map(|peer| peer.0.ip().to_string()),
            refused_before_unlogged = (unwritten > 0).then_some(unwritten),
            "request refused"
        );
    }
}

/// Text of somebody else's choosing, shortened, without line breaks and other control characters.
fn shown(text: &str) -> String {
    text.chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_limited_and_the_rest_is_counted() {
        let start = Instant::now();
        let mut quota = Quota::default();
        for _ in 0..LINES {
            assert_eq!(quota.take(start), Some(0));
        }
        for _ in 0..500 {
            assert_eq!(quota.take(start + WINDOW / 2), None);
        }
        assert_eq!(quota.take(start + WINDOW), Some(500));
        assert_eq!(quota.take(start + WINDOW), Some(0));
    }

    #[test]
    fn what_others_choose_cannot_break_a_line() {
        assert_eq!(shown("/a\nfake line\x1b[31m"), "/a?fake line?[31m");
        assert_eq!(shown(&"x".repeat(1000)).len(), SHOWN);
    }
}
