/** `@aetherterm/telemetry/fetch`: a span for each `fetch`, and a `b3` header for origins that may have it. */
import type { Instrumentation } from '../../types.js';
import { instrument } from './instrument.js';
import type { FetchOptions } from './options.js';

export type { FetchOptions };

export const fetchInstrumentation = (options?: FetchOptions): Instrumentation => ({
  name: 'fetch',
  enable: (context) => instrument(context, options),
});
