/** `@aetherterm/telemetry/sampling`: how much is recorded, by name and per second. */
import type { Instrumentation } from '../../types.js';
import { type Sampling, type SamplingRule, samplingOf } from './sampler.js';

export type { Sampling, SamplingRule };

/**
 * Rules for traces where they begin, by the name of the first span or by its Socket.IO event, and for log records by
 * their event name; limits per second for each and for all. A trace that comes from elsewhere is recorded if its sender
 * says so, as ever.
 *
 * @example
 * sampling({
 *   rules: [
 *     { event: 'cursor:*', ratio: 0.01 },
 *     { span: 'GET', maxPerSecond: 5 },
 *     { log: 'browser.console', maxPerSecond: 1 },
 *   ],
 *   maxTracesPerSecond: 50,
 * });
 */
export const sampling = (options: Sampling): Instrumentation => ({
  name: 'sampling',
  enable(context) {
    const set = samplingOf(context);
    set('own', options);
    return () => set('own', {});
  },
});
