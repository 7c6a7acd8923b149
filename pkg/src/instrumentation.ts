/** `@aetherterm/telemetry/instrumentation`: what one needs to write an instrumentation; see docs/browser.md. */
export { all, listen, observe, patch } from './core/hooks.js';
export { Limit } from './core/limit.js';
export { recordThrown } from './core/thrown.js';
export { type UrlRules, isExport, matches, mayPropagate, parseUrl, recordUrl } from './core/url.js';
export { warnOnce } from './core/warn.js';
export type { Instrumentation, InstrumentationContext } from './types.js';
