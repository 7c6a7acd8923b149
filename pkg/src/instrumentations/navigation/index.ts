/** `@aetherterm/telemetry/navigation`: which page of a single-page application one is on. */
import type { Instrumentation } from '../../types.js';
import { instrument } from './instrument.js';
import type { NavigationOptions } from './options.js';

export type { NavigationOptions };

export const navigation = (options: NavigationOptions = {}): Instrumentation => ({
  name: 'navigation',
  enable: (context) => instrument(context, options),
});
