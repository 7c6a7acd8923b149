/**
 * Meters. Counters and histograms are the client's own, with delta temporality and its buckets. What keeps something
 * from one export to the next is in `instruments.ts`, which is loaded with the first instrument that needs it; what
 * such an instrument is told until then waits here, bounded.
 */
import type { Attributes as ApiAttributes, BatchObservableCallback, Meter, MeterProvider, MetricOptions, Observable, ObservableCallback } from '@opentelemetry/api';
import type { Core } from '../core/core.js';
import { MEASUREMENT } from '../core/records.js';
import { warnOnce } from '../core/warn.js';
import type { InstrumentationContext } from '../types.js';
import type { Instruments, Kind } from './instruments.js';
import { attributesOf } from './values.js';
import { scopeOf } from './tracer.js';

/** Bounds of buckets that an instrument may advise. */
const MAX_BOUNDS = 200;
/** Calls that wait for the code; what exceeds it is lost. */
const MAX_WAITING = 1000;

/** The bounds that a histogram is to have; none if there is no advice, or none that can be followed. */
const boundsOf = (name: string, { advice }: MetricOptions): number[] | undefined => {
  const bounds = advice?.explicitBucketBoundaries;
  if (!bounds) return undefined;
  if (bounds.length <= MAX_BOUNDS && bounds.every((bound, index) => Number.isFinite(bound) && !(index && bound <= bounds[index - 1]!))) return [...bounds];
  warnOnce(`otel-api: bucket boundaries of "${name}" are left aside: they must be finite, ascending and at most ${MAX_BOUNDS}`);
  return undefined;
};

export const meterProvider = (client: InstrumentationContext, on: () => boolean): MeterProvider => {
  let instruments: Instruments | undefined;
  let waiting: ((instruments: Instruments) => void)[] | undefined;
  const then = (act: (instruments: Instruments) => void): void => {
    if (instruments) return act(instruments);
    if (!waiting) {
      const acts: ((instruments: Instruments) => void)[] = (waiting = []);
      import('./instruments.js').then(
        (module) => {
          instruments = new module.Instruments(client, on);
          for (const one of acts.splice(0)) one(instruments);
        },
        () => warnOnce('otel-api: gauges and observable instruments could not be loaded, nothing else is affected'),
      );
    }
    if (waiting.length < MAX_WAITING) waiting.push(act);
  };
  return {
    getMeter(scopeName, version) {
      const scope = scopeOf(scopeName, version);
      const measure =
        (histogram: boolean, name: string, options: MetricOptions = {}) => {
          const { unit = '' } = options;
          const bounds = histogram ? boundsOf(name, options) : undefined;
          return (value: number, attributes?: ApiAttributes): void => {
            if (on() && value >= 0) (client as Core).output.record({ record: MEASUREMENT, histogram, name, unit, value, attributes: { ...scope, ...attributesOf(attributes) }, bounds });
          };
        };
      const make =
        (kind: Kind) =>
        (name: string, { unit = '' }: MetricOptions = {}) => {
          const take =
            (adds: boolean) =>
            (value: number, attributes?: ApiAttributes): void =>
              then((all) => all.get(handle).take(value, attributes, adds));
          const handle = {
            add: take(true),
            record: take(false),
            addCallback: (callback: ObservableCallback) => then((all) => void all.get(handle).callbacks.add(callback)),
            removeCallback: (callback: ObservableCallback) => then((all) => void all.get(handle).callbacks.delete(callback)),
          };
          then((all) => all.make(handle, kind, name, unit, scope));
          return handle;
        };
      const meter: Meter = {
        createCounter: (name, options) => ({ add: measure(false, name, options) }),
        createHistogram: (name, options) => ({ record: measure(true, name, options) }),
        createUpDownCounter: make('upDown'),
        createGauge: make('gauge'),
        createObservableCounter: make('observableCounter'),
        createObservableUpDownCounter: make('observableUpDown'),
        createObservableGauge: make('observableGauge'),
        addBatchObservableCallback: (callback, observables) => then((all) => all.addBatch(callback as BatchObservableCallback, observables as Observable[])),
        removeBatchObservableCallback: (callback, observables) => then((all) => all.removeBatch(callback as BatchObservableCallback, observables as Observable[])),
      };
      return meter;
    },
  };
};
