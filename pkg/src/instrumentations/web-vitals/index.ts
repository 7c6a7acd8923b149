/** `@aetherterm/telemetry/web-vitals`: Core Web Vitals, as Google's package of that name measures them. */
import type { Instrumentation } from '../../types.js';
import { instrument } from './instrument.js';
import type { WebVitalsOptions } from './options.js';

export type { WebVitalsOptions };

export const webVitals = (options: WebVitalsOptions = {}): Instrumentation => ({
  name: 'web-vitals',
  enable: (context) => instrument(context, options, () => import('./measure.js')),
});
