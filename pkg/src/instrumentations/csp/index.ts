/** `@aetherterm/telemetry/csp`: what the page's content security policy has blocked or reported. */
import type { Instrumentation } from '../../types.js';
import { instrument } from './instrument.js';
import type { CspOptions } from './options.js';

export type { CspOptions };

export const csp = (options: CspOptions = {}): Instrumentation => ({
  name: 'csp',
  enable: (context) => instrument(context, options),
});
