/** `@aetherterm/telemetry/limits`: how much spans and log records may hold. */
import type { Instrumentation } from '../../types.js';
import { type Limits, limitsOf } from './limiter.js';

export type { Limits };

/**
 * Lower limits than those that always hold. What is beyond is left out and counted, as the specification asks, in the
 * record's `dropped_attributes_count`, `dropped_events_count` and `dropped_links_count`; longer texts are cut. They hold
 * after everything else, `beforeSend` included.
 *
 * @example
 * createTelemetry({ serviceName: 'shop', instrumentations: [limits({ attributeCountLimit: 32, attributeValueLengthLimit: 256 })] });
 */
export const limits = (options: Limits): Instrumentation => ({
  name: 'limits',
  enable(context) {
    const set = limitsOf(context);
    set('own', options);
    return () => set('own', {});
  },
});
