/** `@aetherterm/telemetry/vue`: the client as a Vue plugin. */
import { type TelemetryEnv, withEnv } from '../core/env.js';
import { init } from '../init.js';
import type { TelemetryOptions } from '../types.js';
import { inPage } from './key.js';
import { type PluginOptions, type VueTelemetry, vuePlugin } from './plugin.js';

export { type ComponentSpanOptions, componentSpans, useComponentSpans } from './components.js';
export { TELEMETRY_KEY, useTelemetry } from './key.js';
export { type InstallOptions, type PluginOptions, type VueTelemetry, vuePlugin } from './plugin.js';
export { useSpan } from './span.js';

/** Options of {@link createTelemetry}. */
export interface VueTelemetryOptions extends Omit<TelemetryOptions, 'serviceName'>, PluginOptions {
  /** `service.name` of this page. Default: `VITE_TELEMETRY_SERVICE_NAME`. */
  serviceName?: string;
  /**
   * Where the variables that {@link withEnv} names are read from. Default: `import.meta.env`, which Vite fills in for packages too; pass it yourself if your set-up does not.
   */
  env?: TelemetryEnv;
}

/** Names in full, because that is the form which Vite replaces in packages, too, in its builds and while developing. */
const viteEnv = (): TelemetryEnv => ({
  VITE_TELEMETRY_ENABLED: import.meta.env?.VITE_TELEMETRY_ENABLED,
  VITE_TELEMETRY_ENDPOINT: import.meta.env?.VITE_TELEMETRY_ENDPOINT,
  VITE_TELEMETRY_PROTOCOL: import.meta.env?.VITE_TELEMETRY_PROTOCOL,
  VITE_TELEMETRY_HEADERS: import.meta.env?.VITE_TELEMETRY_HEADERS,
  VITE_TELEMETRY_SERVICE_NAME: import.meta.env?.VITE_TELEMETRY_SERVICE_NAME,
  VITE_TELEMETRY_SERVICE_VERSION: import.meta.env?.VITE_TELEMETRY_SERVICE_VERSION,
  VITE_TELEMETRY_SAMPLE_RATIO: import.meta.env?.VITE_TELEMETRY_SAMPLE_RATIO,
  VITE_TELEMETRY_RESOURCE_ATTRIBUTES: import.meta.env?.VITE_TELEMETRY_RESOURCE_ATTRIBUTES,
  VITE_TELEMETRY_PROPAGATE_TO: import.meta.env?.VITE_TELEMETRY_PROPAGATE_TO,
  VITE_TELEMETRY_RECORD_QUERY: import.meta.env?.VITE_TELEMETRY_RECORD_QUERY,
});

/**
 * Starts telemetry and returns it as a plugin. Where there is no document, on a server that renders, it is disabled:
 * nothing is loaded, and the server's `fetch` stays as it is.
 *
 * @example
 * createApp(App).use(router).use(createTelemetry({ serviceName: 'shop' })).mount('#app');
 */
export const createTelemetry = (options: VueTelemetryOptions): VueTelemetry => {
  const { env, captureErrors, ...rest } = options;
  const complete = withEnv(rest, env ?? viteEnv());
  return vuePlugin(init(inPage() ? complete : { ...complete, enabled: false }), { captureErrors });
};
