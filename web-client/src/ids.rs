//! Trace and span ids, made in blocks.
//!
//! The generator is xoshiro256++ (Blackman and Vigna, <https://prng.di.unimi.it/>), seeded once with 256
//! bits from `crypto.getRandomValues`. Ids need to be unique, not secret, so a fast generator is enough,
//! and asking the operating system for every id would cost more than all the rest of starting a span.

use crate::sampling::Ratio;

/// Ids per block. A block is text: small enough to be cheap when a page makes only a few spans.
pub const BLOCK: usize = 64;

/// A source of random ids.
#[derive(Debug, Clone)]
pub struct Generator {
    state: [u64; 4],
}

impl Generator {
    /// A generator with this seed. An all-zero seed would only ever yield zeros, so it is replaced.
    pub const fn new(seed: [u64; 4]) -> Self {
        let state = match seed {
            [0, 0, 0, 0] => [0x9e37_79b9_7f4a_7c15, 1, 2, 3],
            seed => seed,
        };
        Self { state }
    }

    /// The next 64 random bits.
    pub const fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A random fraction in `0..1`.
    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// 64 random bits that are not all zero: an id of zeros means "no id".
    fn id(&mut self) -> u64 {
        loop {
            let id = self.next();
            if id != 0 {
                return id;
            }
        }
    }

    /// Appends [`BLOCK`] span ids, 16 hex digits each, without separators.
    pub fn span_ids(&mut self, out: &mut Vec<u8>) {
        for _ in 0..BLOCK {
            push_hex(self.id(), out);
        }
    }

    /// Appends [`BLOCK`] trace ids, each 32 hex digits and the sampling decision, `1` or `0`.
    pub fn trace_ids(&mut self, ratio: Ratio, out: &mut Vec<u8>) {
        for _ in 0..BLOCK {
            push_hex(self.id(), out);
            let low = self.id();
            push_hex(low, out);
            out.push(if ratio.samples(low) { b'1' } else { b'0' });
        }
    }
}

fn push_hex(id: u64, out: &mut Vec<u8>) {
    for byte in id.to_be_bytes() {
        for digit in [byte >> 4, byte & 15] {
            out.push(if digit < 10 {
                b'0' + digit
            } else {
                b'a' - 10 + digit
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aether_propagation::{SpanId, TraceId};
    use std::collections::HashSet;

    #[test]
    fn matches_the_reference_sequence() {
        // First outputs of the authors' C program for the state 1, 2, 3, 4.
        let mut generator = Generator::new([1, 2, 3, 4]);
        let first: Vec<u64> = (0..4).map(|_| generator.next()).collect();
        assert_eq!(
            first,
            [
                41_943_041,
                58_720_359,
                3_588_806_011_781_223,
                3_591_011_842_654_386
            ]
        );
    }

    #[test]
    fn blocks_hold_valid_distinct_ids() {
        let mut generator = Generator::new([0; 4]);
        let mut seen = HashSet::new();
        for _ in 0..20 {
            let mut text = Vec::new();
            generator.span_ids(&mut text);
            assert_eq!(text.len(), 16 * BLOCK);
            for id in text.chunks(16) {
                let id = std::str::from_utf8(id).unwrap().to_owned();
                assert!(SpanId::from_hex(&id).is_some(), "{id}");
                assert!(seen.insert(id));
            }
            let mut text = Vec::new();
            generator.trace_ids(Ratio::new(1.0), &mut text);
            assert_eq!(text.len(), 33 * BLOCK);
            for entry in text.chunks(33) {
                let id = std::str::from_utf8(&entry[..32]).unwrap().to_owned();
                assert!(TraceId::from_hex(&id).is_some(), "{id}");
                assert_eq!(entry[32], b'1');
                assert!(seen.insert(id));
            }
        }
    }

    #[test]
    fn fractions_are_below_one() {
        let mut generator = Generator::new([9; 4]);
        assert!(
            (0..10_000)
                .map(|_| generator.fraction())
                .all(|f| (0.0..1.0).contains(&f))
        );
    }
}
