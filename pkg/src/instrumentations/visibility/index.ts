/** `@aetherterm/telemetry/visibility`: when the page was seen, hidden, frozen and left. */
import type { Instrumentation } from '../../types.js';
import { instrument } from './instrument.js';
import type { VisibilityOptions } from './options.js';

export type { VisibilityOptions };

export const visibility = (options: VisibilityOptions = {}): Instrumentation => ({
  name: 'visibility',
  enable: (context) => instrument(context, options),
});
