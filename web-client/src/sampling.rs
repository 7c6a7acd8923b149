//! Which new traces are recorded.
//!
//! Sampling is parent-based: a trace that arrives with a decision keeps it, so only the begin of a trace
//! asks here. The decision follows from the trace id alone (the leading 52 of its lower 64 random bits, as
//! a fraction, against the ratio), so that whoever knows the id and the ratio comes to the same result.
//! 52 bits because TypeScript applies the same rule while the WebAssembly module is loading, and a
//! JavaScript number holds them exactly.

/// The share of new traces to record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio(u64);

const BITS: u32 = 52;

impl Ratio {
    /// A ratio between 0 (nothing) and 1 (everything); values outside are clamped, NaN counts as 1.
    pub fn new(ratio: f64) -> Self {
        let ratio = if ratio.is_nan() { 1.0 } else { ratio };
        // Saturating cast: below 0 becomes 0, and beyond 1 is "every value is below it".
        Self((ratio * (1_u64 << BITS) as f64) as u64)
    }

    /// Whether a trace is recorded, given the lower 64 bits of its id.
    pub const fn samples(self, low: u64) -> bool {
        low >> (64 - BITS) < self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Generator;

    #[test]
    fn the_edges_are_exact() {
        for low in [0, 1, u64::MAX / 2, u64::MAX] {
            assert!(Ratio::new(1.0).samples(low));
            assert!(Ratio::new(7.0).samples(low));
            assert!(Ratio::new(f64::NAN).samples(low));
            assert!(!Ratio::new(0.0).samples(low));
            assert!(!Ratio::new(-3.0).samples(low));
        }
        assert!(Ratio::new(0.5).samples(0x7fff_ffff_ffff_ffff));
        assert!(!Ratio::new(0.5).samples(0x8000_0000_0000_0000));
    }

    #[test]
    fn the_share_is_met() {
        let mut generator = Generator::new([5, 6, 7, 8]);
        for ratio in [0.01, 0.25, 0.9] {
            let rule = Ratio::new(ratio);
            let hits = (0..100_000)
                .filter(|_| rule.samples(generator.next()))
                .count();
            assert!(
                (hits as f64 / 100_000.0 - ratio).abs() < 0.01,
                "{ratio}: {hits}"
            );
        }
    }
}
