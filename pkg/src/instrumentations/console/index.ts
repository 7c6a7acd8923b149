/** `@aetherterm/telemetry/console`: what is written to the console as a warning or an error. */
import type { Instrumentation } from '../../types.js';
import { instrument } from './instrument.js';
import type { ConsoleOptions } from './options.js';

export type { ConsoleOptions };

export const consoleInstrumentation = (options: ConsoleOptions = {}): Instrumentation => ({
  name: 'console',
  enable: (context) => instrument(context, options),
});
