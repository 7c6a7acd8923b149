//! Exponential histograms, added up. Those of different scales meet at the coarser one, which is exact:
//! a bucket of it is two of the next finer
//! (<https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram>).

use opentelemetry_proto::tonic::metrics::v1::ExponentialHistogramDataPoint as Point;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;

use super::overflow::earliest;

/// Most buckets of a side; it becomes coarser until it has no more, as in SDKs.
const MAX_BUCKETS: i64 = 160;

/// Adds where what counts as zero is the same; says whether it was.
pub(super) fn add(sum: &mut Point, point: &Point) -> bool {
    // As it is written: nothing has been calculated with it.
    if sum.zero_threshold.to_bits() != point.zero_threshold.to_bits() {
        return false;
    }
    let sides = [
        [sum.positive.as_ref(), point.positive.as_ref()],
        [sum.negative.as_ref(), point.negative.as_ref()],
    ];
    let mut scale = sum.scale.min(point.scale);
    let shifts = loop {
        // Places have 33 bits: after that many, all are the same.
        let shifts = [sum.scale, point.scale].map(|own| own.abs_diff(scale).min(63));
        let fits = |(first, last): (i64, i64)| last - first < MAX_BUCKETS;
        if sides
            .iter()
            .all(|side| places(side, shifts).is_none_or(fits))
        {
            break shifts;
        }
        let Some(coarser) = scale.checked_sub(1) else {
            return false;
        };
        scale = coarser;
    };
    let [positive, negative] = sides.map(|side| joined(side, shifts));
    (sum.positive, sum.negative, sum.scale) = (positive, negative, scale);
    sum.zero_count = sum.zero_count.saturating_add(point.zero_count);
    sum.count = sum.count.saturating_add(point.count);
    sum.sum = sum.sum.zip(point.sum).map(|(a, b)| a + b);
    sum.min = sum.min.zip(point.min).map(|(a, b)| a.min(b));
    sum.max = sum.max.zip(point.max).map(|(a, b)| a.max(b));
    sum.time_unix_nano = sum.time_unix_nano.max(point.time_unix_nano);
    sum.start_time_unix_nano = earliest(sum.start_time_unix_nano, point.start_time_unix_nano);
    true
}

/// The first and the last place that there is a bucket for; `None` where there is none.
fn places(side: &[Option<&Buckets>; 2], shifts: [u32; 2]) -> Option<(i64, i64)> {
    let ends = side.iter().zip(shifts).filter_map(|(buckets, shift)| {
        let buckets = buckets.as_ref()?;
        let more = i64::try_from(buckets.bucket_counts.len()).ok()? - 1;
        let first = i64::from(buckets.offset);
        (more >= 0).then_some((first >> shift, (first + more) >> shift))
    });
    ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

fn joined(side: [Option<&Buckets>; 2], shifts: [u32; 2]) -> Option<Buckets> {
    let (first, last) = places(&side, shifts)?;
    let mut counts = vec![0_u64; usize::try_from(last - first).ok()? + 1];
    for (buckets, shift) in side.into_iter().zip(shifts) {
        let Some(buckets) = buckets else { continue };
        for (place, count) in (i64::from(buckets.offset)..).zip(&buckets.bucket_counts) {
            let at = usize::try_from((place >> shift) - first).ok();
            if let Some(sum) = at.and_then(|at| counts.get_mut(at)) {
                *sum = sum.saturating_add(*count);
            }
        }
    }
    Some(Buckets {
        offset: i32::try_from(first).ok()?,
        bucket_counts: counts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(scale: i32, offset: i32, counts: &[u64]) -> Point {
        Point {
            scale,
            count: counts.iter().sum(),
            sum: Some(1.0),
            positive: Some(Buckets {
                offset,
                bucket_counts: counts.to_vec(),
            }),
            ..Point::default()
        }
    }

    fn added(mut sum: Point, other: &Point) -> (i32, i32, Vec<u64>) {
        assert!(add(&mut sum, other));
        let positive = sum.positive.unwrap();
        assert_eq!(positive.bucket_counts.iter().sum::<u64>(), sum.count);
        (sum.scale, positive.offset, positive.bucket_counts)
    }

    #[test]
    fn they_meet_at_the_coarser_scale() {
        let one = point(1, -3, &[1, 2, 4, 8]);
        assert_eq!(
            added(one.clone(), &point(1, 0, &[16])),
            (1, -3, vec![1, 2, 4, 24])
        );
        // -3 and -2 are in -2 and -1 of the next coarser scale, -1 too, 0 in 0.
        assert_eq!(
            added(one.clone(), &point(0, 1, &[16])),
            (0, -2, vec![1, 6, 8, 16])
        );
        assert_eq!(added(point(0, 1, &[16]), &one), (0, -2, vec![1, 6, 8, 16]));
    }

    #[test]
    fn far_apart_they_become_coarser_and_never_large() {
        for (a, b) in [(0, 200), (i32::MIN, i32::MAX), (-1, 1 << 20)] {
            let (scale, _, counts) = added(point(5, a, &[3]), &point(5, b, &[4]));
            assert!(scale < 5 && counts.len() <= 160, "{scale} {}", counts.len());
        }
        let (scale, offset, counts) = added(point(5, 0, &[1; 160]), &point(5, 0, &[]));
        assert_eq!((scale, offset, counts.len()), (5, 0, 160));
        let mut lowest = point(i32::MIN, 0, &[1]);
        assert!(!add(&mut lowest, &point(i32::MIN, 1000, &[1])));
    }

    #[test]
    fn another_zero_is_another_histogram() {
        let other = Point {
            zero_threshold: 0.1,
            ..point(0, 0, &[1])
        };
        assert!(!add(&mut point(0, 0, &[1]), &other));
        let mut zeros = Point {
            zero_count: 3,
            count: 3,
            ..Point::default()
        };
        let more = zeros.clone();
        assert!(add(&mut zeros, &more));
        assert_eq!((zeros.zero_count, zeros.positive), (6, None));
    }
}
