/**
 * Meters, as far as the client measures: counters and histograms, with delta temporality and the client's buckets.
 * Everything else does nothing, which is said once for each instrument.
 */
import { type Attributes as ApiAttributes, type Meter, type MeterProvider, type MetricOptions, createNoopMeter } from '@opentelemetry/api';
import { warnOnce } from '../core/warn.js';
import type { InstrumentationContext } from '../types.js';
import { attributesOf } from './span.js';
import { scopeOf } from './tracer.js';

const REFUSED = ['createUpDownCounter', 'createGauge', 'createObservableGauge', 'createObservableCounter', 'createObservableUpDownCounter'] as const;

export const meterProvider = (client: InstrumentationContext, on: () => boolean): MeterProvider => ({
  getMeter(scopeName, version) {
    const scope = scopeOf(scopeName, version);
    const noop = createNoopMeter();
    const measure =
      (histogram: boolean, name: string, { unit = '' }: MetricOptions = {}) =>
      (value: number, attributes?: ApiAttributes): void => {
        if (on() && value >= 0) client.measure(histogram, name, unit, value, { ...scope, ...attributesOf(attributes) });
      };
    const meter = {
      createCounter: (name: string, options?: MetricOptions) => ({ add: measure(false, name, options) }),
      createHistogram: (name: string, options?: MetricOptions) => ({ record: measure(true, name, options) }),
      addBatchObservableCallback() {},
      removeBatchObservableCallback() {},
    } as unknown as Meter;
    for (const create of REFUSED) {
      meter[create] = ((name: string) => {
        warnOnce(`otel-api: "${name}" is not recorded: of meters there are createCounter and createHistogram`);
        return noop[create](name);
      }) as never;
    }
    return meter;
  },
});
