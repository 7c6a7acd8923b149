/**
 * Meters. Counters and histograms are the client's own, with delta temporality and its buckets. What keeps something
 * from one export to the next is in `instruments.ts`, which is loaded with the first instrument that needs it; what
 * such an instrument is told until then waits here, bounded.
 */
import type { Attributes as ApiAttributes, BatchObservableCallback, Meter, MeterProvider, MetricOptions, Observable, ObservableCallback } from '@opentelemetry/api';
import { warnOnce } from '../core/warn.js';
import type { InstrumentationContext } from '../types.js';
import type { Instruments, Kind } from './instruments.js';
import { attributesOf } from './values.js';
import { scopeOf } from './tracer.js';

/** Calls that wait for the code; what exceeds it is lost. */
const MAX_WAITING = 1000;

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
        (histogram: boolean, name: string, { unit = '' }: MetricOptions = {}) =>
        (value: number, attributes?: ApiAttributes): void => {
          if (on() && value >= 0) client.measure(histogram, name, unit, value, { ...scope, ...attributesOf(attributes) });
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
