/** `@aetherterm/telemetry`: one trace per user action, from the page to the server and back. */
export { init } from './init.js';
export * from './core/index.js';
