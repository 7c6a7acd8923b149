/** `@aetherterm/telemetry/core`: the client alone, for pages that choose what they load, and when. */
export { suspension } from './context.js';
export { createTelemetry } from './create.js';
export { withEnv, type TelemetryEnv } from './env.js';
export { lazy } from './lazy.js';
export type * from '../types.js';
