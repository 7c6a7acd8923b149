/** `@aetherterm/telemetry/document-load`: how the page and what it consists of were loaded. */
import type { Instrumentation } from '../../types.js';
import { instrument } from './instrument.js';
import type { DocumentLoadOptions } from './options.js';

export type { DocumentLoadOptions };

export const documentLoad = (options: DocumentLoadOptions = {}): Instrumentation => ({
  name: 'document-load',
  enable: (context) => instrument(context, options),
});
