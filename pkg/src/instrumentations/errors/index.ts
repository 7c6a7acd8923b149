/** `@aetherterm/telemetry/errors`: errors that nobody has caught, and promises whose rejection nobody has handled. */
import type { Instrumentation } from '../../types.js';
import { instrument } from './instrument.js';
import type { ErrorOptions } from './options.js';

export type { ErrorOptions };

export const errors = (options: ErrorOptions = {}): Instrumentation => ({
  name: 'errors',
  enable: (context) => instrument(context, options),
});
