//! Which traces belong to a share: told by the trace id alone, so every server agrees, and a trace
//! that is in a share is in every larger one.

/// The number that [`place`] must stay below.
pub(in crate::delivery) fn bound(share: f64) -> u64 {
    // A share of 1 has no bound; below it, the product is less than 2^64.
    (share.clamp(0.0, 1.0) * 2f64.powi(64)) as u64
}

/// Where a trace stands between 0 and 2^64.
///
/// The bits are mixed, because samplers choose by those of the id itself: a tenth of what a
/// sampler's tenth left would be all of it.
pub(in crate::delivery) fn place(trace: &[u8]) -> u64 {
    let mut mixed = 0x9e37_79b9_7f4a_7c15u64;
    for eight in trace.chunks(8) {
        let mut bytes = [0; 8];
        bytes[..eight.len()].copy_from_slice(eight);
        mixed = mix(mixed ^ u64::from_be_bytes(bytes));
    }
    mixed
}

/// The finalizer of SplitMix64: every bit of the input changes half of the output.
fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(share: f64, ids: impl Iterator<Item = u128>) -> usize {
        let bound = bound(share);
        ids.filter(|id| place(&id.to_be_bytes()) < bound).count()
    }

    #[test]
    fn shares_are_as_large_as_they_say() {
        for share in [0.0, 0.01, 0.1, 0.5, 0.9] {
            let found = chosen(share, 0..100_000) as f64 / 100_000.0;
            assert!((found - share).abs() < 0.005, "{share}: {found}");
        }
    }

    #[test]
    fn a_sampler_before_does_not_matter() {
        // What a sampler for a tenth leaves: ids whose low 63 bits are small.
        let sampled = (0..100_000u128).map(|id| {
            let low = (id * 0x0000_1234_5678_9abc) % ((1 << 63) / 10);
            id << 64 | low
        });
        let found = chosen(0.1, sampled) as f64 / 100_000.0;
        assert!((found - 0.1).abs() < 0.005, "{found}");
    }

    #[test]
    fn larger_shares_hold_smaller_ones() {
        for id in 0..10_000u128 {
            let place = place(&id.to_be_bytes());
            assert!(place >= bound(0.1) || place < bound(0.2));
        }
    }

    #[test]
    fn places_are_the_same_everywhere_and_for_ever() {
        assert_eq!(place(&[1; 16]), PLACE_OF_ONES);
    }

    /// Changed by nobody: servers of two versions must agree.
    const PLACE_OF_ONES: u64 = 9_923_747_184_676_711_574;
}
