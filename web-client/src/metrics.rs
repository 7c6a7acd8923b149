//! Counters and histograms: aggregated here, written as `opentelemetry.proto.metrics.v1.Metric`.
//!
//! Temporality is *delta*: each export holds what happened since the one before. A page lives for minutes
//! and has thousands of siblings with the same resource; cumulative series would need an identity per page
//! view to be told apart, and would leave every backend with as many series as there were visits.
//!
//! The number of series is bounded. Beyond [`MAX_SERIES`], measurements of an instrument are added up in one
//! series that has the attribute `otel.metric.overflow` instead of theirs, as the specification asks.

use crate::Signal;
use crate::attributes;
use crate::drops::{Drops, Reason};
use crate::frame::Frame;
use crate::protobuf::Writer;
use crate::span::nanoseconds;

/// Combinations of instrument and attributes held between two exports.
pub const MAX_SERIES: usize = 200;

/// Series beyond [`MAX_SERIES`], one for each instrument that overflows; an instrument's name comes from
/// code, so this is far more than a page has.
const MAX_OVERFLOW: usize = 50;

/// Bucket bounds for durations in seconds, as the semantic conventions advise.
const SECONDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// Bucket bounds for everything else: the SDK specification's default.
const GENERAL: &[f64] = &[
    0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0,
    10000.0,
];
const BUCKETS: usize = 16;

const DELTA: u64 = 1;

#[derive(Debug)]
struct Series {
    histogram: bool,
    name: Vec<u8>,
    unit: Vec<u8>,
    /// Encoded attributes, as fields of the data point; also the identity.
    attributes: Vec<u8>,
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    buckets: [u64; BUCKETS],
    written: bool,
}

impl Series {
    fn bounds(&self) -> &'static [f64] {
        if self.unit == b"s" { SECONDS } else { GENERAL }
    }

    fn same_instrument(&self, histogram: bool, name: &[u8], unit: &[u8]) -> bool {
        self.histogram == histogram && self.name == name && self.unit == unit
    }
}

/// All measurements since the last export.
#[derive(Debug, Default)]
pub struct Metrics {
    series: Vec<Series>,
    since: f64,
    reported: Drops,
}

impl Metrics {
    /// An empty set whose first interval begins at `now` (milliseconds since the Unix epoch).
    pub fn new(now: f64) -> Self {
        Self {
            since: now,
            ..Self::default()
        }
    }

    /// Start of the current interval.
    pub const fn since(&self) -> f64 {
        self.since
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Reads one measurement: 1 for a histogram or 0 for a counter, name, unit, value, attributes.
    /// Returns `false` if it had to be left out, be it malformed or beyond every bound.
    pub fn record(&mut self, frame: &mut Frame<'_>) -> bool {
        let histogram = frame.count() != 0;
        let name = frame.string();
        let unit = frame.string();
        let value = frame.number();
        let mut attributes = Writer::new();
        // The data points of sums and histograms number this field differently.
        let field = if histogram { 9 } else { 7 };
        attributes::encode(frame, &mut attributes, field);
        if !frame.is_sound() || !value.is_finite() {
            return false;
        }
        self.add(histogram, name, unit, value, attributes.into_bytes())
    }

    fn add(
        &mut self,
        histogram: bool,
        name: &[u8],
        unit: &[u8],
        value: f64,
        mut attributes: Vec<u8>,
    ) -> bool {
        let mut found = self.find(histogram, name, unit, &attributes);
        if found.is_none() && self.series.len() >= MAX_SERIES {
            let mut overflow = Writer::new();
            let pair = overflow.begin(if histogram { 9 } else { 7 });
            overflow.bytes(1, b"otel.metric.overflow");
            let any = overflow.begin(2);
            overflow.uint_always(2, 1);
            overflow.end(any);
            overflow.end(pair);
            attributes = overflow.into_bytes();
            found = self.find(histogram, name, unit, &attributes);
            if found.is_none() && self.series.len() >= MAX_SERIES + MAX_OVERFLOW {
                return false;
            }
        }
        let at = found.unwrap_or_else(|| {
            self.series.push(Series {
                histogram,
                name: name.to_vec(),
                unit: unit.to_vec(),
                attributes,
                count: 0,
                sum: 0.0,
                min: value,
                max: value,
                buckets: [0; BUCKETS],
                written: false,
            });
            self.series.len() - 1
        });
        let series = &mut self.series[at];
        series.count += 1;
        series.sum += value;
        series.min = series.min.min(value);
        series.max = series.max.max(value);
        let bucket = series
            .bounds()
            .iter()
            .take_while(|&&bound| value > bound)
            .count();
        series.buckets[bucket] += 1;
        true
    }

    fn find(&self, histogram: bool, name: &[u8], unit: &[u8], attributes: &[u8]) -> Option<usize> {
        let matches =
            |s: &Series| s.attributes == attributes && s.same_instrument(histogram, name, unit);
        self.series.iter().position(matches)
    }

    /// Writes everything as elements of `ScopeMetrics.metrics`, begins a new interval, and returns the number
    /// of data points. What was lost since the last call is added as `aether.telemetry.dropped`.
    pub fn collect(&mut self, drops: &Drops, now: f64, writer: &mut Writer) -> u32 {
        self.report(drops);
        let start = nanoseconds(self.since);
        let end = nanoseconds(now);
        let points = self.series.len();
        for first in 0..points {
            if self.series[first].written {
                continue;
            }
            let metric = writer.begin(2);
            let (histogram, name, unit) = {
                let series = &self.series[first];
                (series.histogram, series.name.clone(), series.unit.clone())
            };
            writer.bytes(1, &name);
            writer.bytes(3, &unit);
            let data = writer.begin(if histogram { 9 } else { 7 });
            for series in self.series.iter_mut().skip(first) {
                if series.same_instrument(histogram, &name, &unit) {
                    series.written = true;
                    write_point(series, start, end, writer);
                }
            }
            writer.uint(2, DELTA);
            if !histogram {
                writer.uint(3, 1); // is_monotonic
            }
            writer.end(data);
            writer.end(metric);
        }
        self.series.clear();
        self.since = now;
        points as u32
    }

    /// Turns the growth of the loss counters into measurements.
    fn report(&mut self, drops: &Drops) {
        for signal in Signal::ALL {
            for reason in Reason::ALL {
                let new = drops.get(signal, reason) - self.reported.get(signal, reason);
                if new > 0 {
                    let mut attributes = Writer::new();
                    attributes::string(&mut attributes, 7, "signal", signal.as_str());
                    attributes::string(&mut attributes, 7, "reason", reason.as_str());
                    self.add(
                        false,
                        b"aether.telemetry.dropped",
                        b"{item}",
                        f64::from(new),
                        attributes.into_bytes(),
                    );
                }
            }
        }
        self.reported = drops.clone();
    }
}

fn write_point(series: &Series, start: u64, end: u64, writer: &mut Writer) {
    let point = writer.begin(1);
    writer.raw(&series.attributes);
    writer.fixed64(2, start);
    writer.fixed64(3, end);
    if series.histogram {
        writer.fixed64(4, series.count);
        writer.double_always(5, series.sum);
        let bounds = series.bounds();
        let counts = writer.begin(6);
        for &count in series.buckets.iter().take(bounds.len() + 1) {
            writer.raw_fixed64(count);
        }
        writer.end(counts);
        let packed = writer.begin(7);
        for &bound in bounds {
            writer.raw_double(bound);
        }
        writer.end(packed);
        writer.double_always(11, series.min);
        writer.double_always(12, series.max);
    } else {
        writer.double_always(4, series.sum);
    }
    writer.end(point);
}
