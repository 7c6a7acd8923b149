/** `@aetherterm/telemetry/long-frames`: frames that took so long that the page felt stuck, and whose scripts it was. */
import type { Instrumentation } from '../../types.js';
import { instrument } from './instrument.js';
import type { LongFramesOptions } from './options.js';

export type { LongFramesOptions };

export const longFrames = (options: LongFramesOptions = {}): Instrumentation => ({
  name: 'long-frames',
  enable: (context) => instrument(context, options),
});
