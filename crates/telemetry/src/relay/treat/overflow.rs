//! Data points whose attributes have too many values, taken together as one series with
//! `otel.metric.overflow`, as SDKs do it
//! (<https://opentelemetry.io/docs/specs/otel/metrics/sdk/#overflow-attribute>).
//!
//! Sums and histograms are added, of gauges the newest value stands. What cannot be added without
//! being made up (histograms of other bounds, summaries) is dropped and counted.

use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint,
};
use prost::Message;

use super::exponential;
use super::value::attribute;
use crate::otlp::edit::bool_value;
use crate::otlp::wire::{Malformed, put_bytes};

/// Field numbers of a metric's kinds of data.
pub(super) const GAUGE: u32 = 5;
const SUM: u32 = 7;
const HISTOGRAM: u32 = 9;
const EXPONENTIAL: u32 = 10;

/// The series of one metric that takes the others.
#[derive(Debug, Default)]
pub(super) struct Overflow {
    number: Option<NumberDataPoint>,
    histogram: Option<HistogramDataPoint>,
    exponential: Option<ExponentialHistogramDataPoint>,
    /// Points that could not be added.
    pub(super) lost: u64,
}

impl Overflow {
    /// Takes a point of a metric of that kind.
    pub(super) fn add(&mut self, kind: u32, point: &[u8]) -> Result<(), Malformed> {
        match kind {
            GAUGE | SUM => {
                let point = NumberDataPoint::decode(point).map_err(|_| Malformed)?;
                match &mut self.number {
                    Some(sum) => add_number(sum, &point, kind == GAUGE),
                    None => self.number = Some(point),
                }
            }
            HISTOGRAM => {
                let point = HistogramDataPoint::decode(point).map_err(|_| Malformed)?;
                match &mut self.histogram {
                    Some(sum) => self.lost += u64::from(!add_histogram(sum, &point)),
                    None => self.histogram = Some(point),
                }
            }
            EXPONENTIAL => {
                let point = ExponentialHistogramDataPoint::decode(point).map_err(|_| Malformed)?;
                match &mut self.exponential {
                    Some(sum) => self.lost += u64::from(!exponential::add(sum, &point)),
                    None => self.exponential = Some(point),
                }
            }
            _ => self.lost += 1,
        }
        Ok(())
    }

    /// The point that came out, encoded.
    pub(super) fn point(self) -> Option<Vec<u8>> {
        // In the numbers of each kind of point, attributes are another field.
        let (mut out, attributes) = match (self.number, self.histogram, self.exponential) {
            (Some(mut point), ..) => {
                // Their filtered attributes are what there was too much of.
                point.exemplars.clear();
                point.attributes.clear();
                (point.encode_to_vec(), 7)
            }
            (None, Some(mut point), _) => {
                point.exemplars.clear();
                point.attributes.clear();
                (point.encode_to_vec(), 9)
            }
            (None, None, Some(mut point)) => {
                point.exemplars.clear();
                point.attributes.clear();
                (point.encode_to_vec(), 1)
            }
            (None, None, None) => return None,
        };
        let overflow = attribute(b"otel.metric.overflow", &bool_value(true));
        put_bytes(&mut out, attributes, &overflow);
        Some(out)
    }
}

fn add_number(sum: &mut NumberDataPoint, point: &NumberDataPoint, newest: bool) {
    let later = point.time_unix_nano > sum.time_unix_nano;
    sum.time_unix_nano = sum.time_unix_nano.max(point.time_unix_nano);
    sum.start_time_unix_nano = earliest(sum.start_time_unix_nano, point.start_time_unix_nano);
    sum.value = match (sum.value, point.value) {
        (own, other) if newest => {
            if later {
                other.or(own)
            } else {
                own.or(other)
            }
        }
        (Some(Value::AsInt(a)), Some(Value::AsInt(b))) => Some(Value::AsInt(a.saturating_add(b))),
        (Some(a), Some(b)) => Some(Value::AsDouble(double(a) + double(b))),
        (own, other) => own.or(other),
    };
}

/// Integers beyond 2^53 lose their last digits.
fn double(value: Value) -> f64 {
    match value {
        Value::AsInt(value) => value as f64,
        Value::AsDouble(value) => value,
    }
}

/// Adds where the bounds are the same; says whether they were.
fn add_histogram(sum: &mut HistogramDataPoint, point: &HistogramDataPoint) -> bool {
    let fits = sum.explicit_bounds == point.explicit_bounds
        && sum.bucket_counts.len() == point.bucket_counts.len();
    if !fits {
        return false;
    }
    for (own, other) in sum.bucket_counts.iter_mut().zip(&point.bucket_counts) {
        *own = own.saturating_add(*other);
    }
    sum.count = sum.count.saturating_add(point.count);
    sum.sum = sum.sum.zip(point.sum).map(|(a, b)| a + b);
    sum.min = sum.min.zip(point.min).map(|(a, b)| a.min(b));
    sum.max = sum.max.zip(point.max).map(|(a, b)| a.max(b));
    sum.time_unix_nano = sum.time_unix_nano.max(point.time_unix_nano);
    sum.start_time_unix_nano = earliest(sum.start_time_unix_nano, point.start_time_unix_nano);
    true
}

/// The earlier of two times, of which 0 is none.
pub(super) fn earliest(a: u64, b: u64) -> u64 {
    match (a, b) {
        (0, time) | (time, 0) => time,
        (a, b) => a.min(b),
    }
}
