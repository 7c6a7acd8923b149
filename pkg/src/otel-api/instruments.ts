/**
 * Instruments that keep something from one export to the next: up-down counters, gauges, and those that are observed.
 *
 * Temporality is what OpenTelemetry calls *delta*: what only grows is exported as its growth, what goes up and down as
 * the sum since the instrument was made. Series are bounded: beyond {@link MAX_SERIES} an instrument's measurements meet
 * in one that has the attribute `otel.metric.overflow`, as the specification asks.
 */
import type { Attributes as ApiAttributes, BatchObservableCallback, BatchObservableResult, Observable, ObservableCallback } from '@opentelemetry/api';
import { now } from '../core/clock.js';
import type { Core } from '../core/core.js';
import type { Engine } from '../core/engine.js';
import { MEASUREMENT } from '../core/records.js';
import { warnOnce } from '../core/warn.js';
import type { Attributes, InstrumentationContext } from '../types.js';
import { attributesOf } from './values.js';

/** What is done with the values of an instrument. */
export type Kind = 'upDown' | 'gauge' | 'observableCounter' | 'observableUpDown' | 'observableGauge';

/** Combinations of attributes that one instrument holds. */
const MAX_SERIES = 200;
/** Data points in one message; it has to fit into a frame. */
const MAX_POINTS = 60;
/** The module's number of a metric, and OTLP's of the temporalities. */
const METRIC = 2;
const DELTA = 1;
const CUMULATIVE = 2;

interface Point {
  attributes: Attributes;
  value: number;
  /** The value that was exported last. */
  told: number;
  /** Whether there is something to export. */
  fresh: boolean;
}

class Instrument {
  readonly callbacks = new Set<ObservableCallback>();
  readonly points = new Map<string, Point>();
  readonly made = now();

  constructor(
    readonly kind: Kind,
    readonly name: string,
    readonly unit: string,
    private readonly scope: Attributes,
    private readonly on: () => boolean,
  ) {}

  /** A value, or what is added to the one before. */
  take(value: number, given: ApiAttributes | undefined, adds: boolean): void {
    if (!this.on() || !Number.isFinite(value)) return;
    let attributes: Attributes = { ...this.scope, ...attributesOf(given) };
    let key = JSON.stringify(attributes);
    if (this.points.size >= MAX_SERIES && !this.points.has(key)) {
      key = '+';
      attributes = { 'otel.metric.overflow': true };
    }
    let point = this.points.get(key);
    if (!point) this.points.set(key, (point = { attributes, value: 0, told: 0, fresh: true }));
    point.value = adds ? point.value + value : value;
    point.fresh = true;
  }

  /** Writes what is new; `since` is the time of the export before. */
  write(engine: Engine, since: number): void {
    const { writer } = engine;
    const { kind, name, unit, points } = this;
    const gauge = kind === 'gauge' || kind === 'observableGauge';
    const grows = kind === 'observableCounter';
    const fresh: { attributes: Attributes; value: number }[] = [];
    for (const [key, point] of points) {
      if (!point.fresh) continue;
      point.fresh = false;
      const { attributes, value, told } = point;
      point.told = value;
      // A value below the one before: what is observed has begun anew.
      const growth = value < told ? value : value - told;
      if (!grows || growth) fresh.push({ attributes, value: grows ? growth : value });
      if (!grows && kind !== 'upDown') points.delete(key);
    }
    const start = grows ? since : this.made;
    while (fresh.length) {
      const some = fresh.splice(0, MAX_POINTS);
      writer.put(METRIC, some.length, name, unit);
      // Neither a sum nor a histogram, but a gauge; or only a sum.
      if (gauge) writer.put(0, 0);
      writer.put(1, some.length);
      for (const { attributes, value } of some) {
        writer.attributes(attributes);
        writer.put(start, Math.max(0, now() - start), value);
      }
      // A gauge has neither temporality nor direction.
      writer.put(gauge ? 0 : grows ? DELTA : CUMULATIVE, +grows);
      if (!gauge) writer.put(0, 0);
      engine.hand();
    }
  }
}

/** All such instruments of one client. */
export class Instruments {
  private readonly instruments = new Map<string, Instrument>();
  /** By what the application has in hand. */
  private readonly handles = new WeakMap<object, Instrument>();
  private collected = false;
  private readonly batches = new Map<BatchObservableCallback, Set<Observable>>();
  private since = now();

  constructor(
    private readonly client: InstrumentationContext,
    private readonly on: () => boolean,
  ) {}

  /** Makes `handle` stand for the instrument of that name, which is always the same one. */
  make(handle: object, kind: Kind, name: string, unit: string, scope: Attributes): void {
    const key = JSON.stringify([kind, name, unit, scope]);
    let instrument = this.instruments.get(key);
    if (!instrument) {
      // From now on they are asked whenever metrics are exported.
      if (!this.instruments.size) (this.client as Core).output.record({ record: MEASUREMENT, source: this.collect });
      this.instruments.set(key, (instrument = new Instrument(kind, name, unit, scope, this.on)));
    }
    this.handles.set(handle, instrument);
  }

  get(handle: object): Instrument {
    return this.handles.get(handle)!;
  }

  addBatch(callback: BatchObservableCallback, observables: Observable[]): void {
    this.batches.set(callback, new Set([...(this.batches.get(callback) ?? []), ...observables]));
  }

  removeBatch(callback: BatchObservableCallback, observables: Observable[]): void {
    const left = [...(this.batches.get(callback) ?? [])].filter((one) => !observables.includes(one));
    if (left.length) this.batches.set(callback, new Set(left));
    else this.batches.delete(callback);
  }

  /** What an asynchronous callback observes too late goes out with the next export. */
  private readonly collect = (engine: Engine): void => {
    // Everything that waits is exported in one go, until nothing is left: what is observed must not be there anew each time.
    if (!this.on() || this.collected) return;
    this.collected = true;
    queueMicrotask(() => (this.collected = false));
    for (const instrument of this.instruments.values()) {
      for (const callback of instrument.callbacks) this.ask(instrument.name, () => callback({ observe: (value, attributes) => instrument.take(value, attributes, false) }));
    }
    for (const [callback, observables] of this.batches) {
      const observe: BatchObservableResult['observe'] = (metric, value, attributes) => {
        if (observables.has(metric)) this.handles.get(metric)?.take(value, attributes, false);
      };
      this.ask('a batch', () => callback({ observe }));
    }
    for (const instrument of this.instruments.values()) instrument.write(engine, this.since);
    this.since = now();
  };

  private ask(name: string, act: () => void | Promise<void>): void {
    const failed = (error: unknown): void => warnOnce(`otel-api: the callback of "${name}" failed: ${String(error)}`);
    try {
      void act()?.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
