/** `@aetherterm/telemetry`: one trace per user action, from the page to the server and back. */
export { init } from './core/init.js';
export { withEnv, type TelemetryEnv } from './core/options.js';
export type * from './types.js';
