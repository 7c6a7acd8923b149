/** `@aetherterm/telemetry/interaction`: a trace for each click, so that what follows from it belongs together. */
import type { Instrumentation } from '../../types.js';
import { instrument } from './instrument.js';
import type { InteractionOptions } from './options.js';

export type { InteractionOptions };

export const interaction = (options: InteractionOptions = {}): Instrumentation => ({
  name: 'interaction',
  enable: (context) => instrument(context, options),
});
