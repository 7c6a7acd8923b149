//! The page's budget for requests that outlive it.
//!
//! Bodies of `fetch(…, { keepalive: true })` that are still on their way may not exceed 64 KiB together,
//! counted for the whole page (<https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>); one byte more
//! and the browser refuses the request. Other code on the page may use some of it, so we stay below.

/// Bytes we allow ourselves to have on their way with `keepalive`.
pub const KEEPALIVE_BYTES: u32 = 60 * 1024;

/// Book-keeping of the bytes on their way.
#[derive(Debug, Default)]
pub struct Budget {
    used: u32,
}

impl Budget {
    /// What is left, in bytes.
    pub const fn left(&self) -> u32 {
        KEEPALIVE_BYTES.saturating_sub(self.used)
    }

    /// Takes `bytes` if they fit. Whoever gets `true` must [`release`](Self::release) them later.
    pub const fn reserve(&mut self, bytes: u32) -> bool {
        if bytes > self.left() {
            return false;
        }
        self.used += bytes;
        true
    }

    /// Gives reserved bytes back, once the answer has been read.
    pub const fn release(&mut self, bytes: u32) {
        self.used = self.used.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_exceeds_the_limit() {
        let mut budget = Budget::default();
        assert!(budget.reserve(KEEPALIVE_BYTES - 10));
        assert!(!budget.reserve(11));
        assert!(budget.reserve(10));
        assert_eq!(budget.left(), 0);
        assert!(!budget.reserve(u32::MAX));
        budget.release(50);
        assert!(budget.reserve(50));
        budget.release(u32::MAX);
        assert_eq!(budget.left(), KEEPALIVE_BYTES);
    }
}
