/**
 * Counters and histograms: added up here, encoded in the module when their interval is over.
 *
 * Temporality is *delta*: each export holds what happened since the one before. A page lives for minutes and
 * has thousands of siblings with the same resource; cumulative series would need an identity per page view to
 * be told apart, and would leave every backend with as many series as there were visits.
 *
 * The number of series is bounded. Beyond {@link MAX_SERIES}, measurements of an instrument are added up in one
 * series that has the attribute `otel.metric.overflow` instead of theirs, as the specification asks.
 */
import type { Attributes, DropReason } from '../types.js';
import { now } from './clock.js';
import type { Engine } from './engine.js';
import { MEASUREMENT, type Measurement, type Source } from './records.js';

/** Combinations of instrument and attributes held between two exports. */
const MAX_SERIES = 200;
/** Data points in one message; it has to fit into a frame. */
const MAX_POINTS = 60;
/** Their buckets together. */
const MAX_BUCKETS = 900;
/** In milliseconds. */
const INTERVAL_MS = 30_000;
const METRIC = 2;
const DELTA = 1;

/** Bucket bounds for durations in seconds, as the semantic conventions advise. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Bucket bounds for everything else: the SDK specification's default. */
const GENERAL = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

interface Point {
  attributes: Attributes | undefined;
  sum: number;
  least: number;
  most: number;
  buckets: number[];
}

interface Instrument {
  histogram: boolean;
  name: string;
  unit: string;
  /** Those of its first measurement in the interval. */
  bounds: readonly number[];
  points: Map<string, Point>;
}

export class Metrics {
  private readonly instruments = new Map<string, Instrument>();
  /** Series, each of which will be a data point. */
  size = 0;
  private since = now();
  private readonly sources: Source['source'][] = [];
  /** Losses that have been measured, by signal and reason. */
  private readonly reported: Record<string, number> = {};

  private readonly interval: number;

  constructor(interval = INTERVAL_MS) {
    // Not a number: the default.
    this.interval = Math.min(Math.max(interval, 1000), 3_600_000) || INTERVAL_MS;
  }

  /** When the interval is over. Something may have been lost by then, even if nothing is measured. */
  get due(): number {
    return this.since + this.interval;
  }

  /** Adds a measurement; `false` if it is no number, beyond every bound, or has what nobody can write down: a big integer, a circle. */
  add(measurement: Measurement | Source): boolean {
    try {
      return this.sum(measurement);
    } catch {
      return false;
    }
  }

  private sum(measurement: Measurement | Source): boolean {
    if (measurement.source) return !!this.sources.push(measurement.source);
    const { histogram, name, unit, value, bounds = unit === 's' ? SECONDS : GENERAL } = measurement;
    let { attributes } = measurement;
    const key = [+histogram, unit, name].join();
    let instrument = this.instruments.get(key);
    let own = JSON.stringify(attributes) ?? '';
    if (this.size >= MAX_SERIES && !instrument?.points.has(own)) {
      // An instrument's name comes from code; more of them than this are a mistake.
      if (!instrument && this.size > MAX_SERIES + MAX_POINTS) return false;
      attributes = { 'otel.metric.overflow': true };
      own = '+';
    }
    if (!name || !Number.isFinite(value)) return false;
    if (!instrument) this.instruments.set(key, (instrument = { histogram, name, unit, bounds, points: new Map() }));
    let point = instrument.points.get(own);
    if (!point) {
      this.size++;
      instrument.points.set(own, (point = { attributes, sum: 0, least: value, most: value, buckets: [] }));
    }
    point.sum += value;
    point.least = Math.min(point.least, value);
    point.most = Math.max(point.most, value);
    let bucket = 0;
    for (const bound of instrument.bounds) bucket += +(value > bound);
    point.buckets[bucket] = (point.buckets[bucket] ?? 0) + 1;
    return true;
  }

  /** Hands everything over, together with what was lost since the last time, and begins a new interval. */
  collect(engine: Engine): void {
    const { writer } = engine;
    const lost = (signal: string | undefined, reason: DropReason | undefined, count: number): void => {
      if (!reason) return;
      const key = signal + reason;
      const value = count - (this.reported[key] ?? 0);
      const attributes = { signal, reason };
      // Lost metrics are told of in company only: where metrics are refused that would never end.
      if (!value || !(this.size || signal !== 'metrics')) return;
      this.reported[key] = count;
      this.add({ record: MEASUREMENT, histogram: false, name: 'aether.telemetry.dropped', unit: '{item}', value, attributes });
    };
    engine.counters(lost);
    // Before the engine came, when nobody had looked yet at what it was.
    lost(undefined, 'not_loaded', engine.client.notLoaded);
    const { since } = this;
    const duration = (this.since = now()) - since;
    const write = (instrument: Instrument, points: Point[]): void => {
      const { histogram, name, unit, bounds } = instrument;
      writer.put(METRIC, points.length, name, unit);
      // A message for a sum, or none, and then one for a histogram.
      if (histogram) writer.put(0);
      writer.put(1, points.length);
      for (const { attributes, sum, least, most, buckets } of points) {
        writer.attributes(attributes);
        writer.put(since, duration);
        if (histogram) {
          const counts = [...bounds, 0].map((_, bucket) => buckets[bucket] ?? 0);
          const total = counts.reduce((all, count) => all + count);
          writer.put(total, sum, least, most, counts.length, ...counts, bounds.length, ...bounds);
        } else writer.put(sum);
      }
      writer.put(DELTA);
      // It only ever grows, and there is no histogram. Gauges come from sources.
      if (!histogram) writer.put(1, 0);
      writer.put(0);
      engine.hand();
    };
    for (const instrument of this.instruments.values()) {
      const points = [...instrument.points.values()];
      // More buckets, fewer points.
      while (points.length) write(instrument, points.splice(0, Math.min(MAX_POINTS, 1 + MAX_BUCKETS / (instrument.bounds.length + 1))));
    }
    this.instruments.clear();
    this.size = 0;
    for (const source of this.sources) source(engine);
  }
}
