/** `@aetherterm/telemetry/xhr`: a span for each `XMLHttpRequest`, and a `b3` header for origins that may have it. */
import type { Instrumentation } from '../../types.js';
import { instrument } from './instrument.js';
import type { XhrOptions } from './options.js';

export type { XhrOptions };

export const xhr = (options?: XhrOptions): Instrumentation => ({
  name: 'xhr',
  enable: (context) => instrument(context, options),
});
