/** `@aetherterm/telemetry/vue`: the client as a Vue plugin. */
import { type App, type InjectionKey, inject } from 'vue';
import type { Router } from 'vue-router';
import { type TelemetryEnv, withEnv } from '../core/env.js';
import { init } from '../init.js';
import type { BaseTelemetry, Telemetry, TelemetryOptions } from '../types.js';
import { captureErrors } from './errors.js';
import { followRoutes } from './routes.js';

/** Options of {@link vuePlugin}. */
export interface PluginOptions {
  /** Whether errors that reach Vue's `errorHandler` become log records. Default `true`. */
  captureErrors?: boolean | undefined;
}

/** Options of {@link createTelemetry}. */
export interface VueTelemetryOptions extends TelemetryOptions, PluginOptions {
  /**
   * Where `VITE_TELEMETRY_ENABLED`, `VITE_TELEMETRY_ENDPOINT` and `VITE_TELEMETRY_HEADERS` are read from. Default:
   * `import.meta.env`, which Vite fills in for packages too; pass it yourself if your set-up does not.
   */
  env?: TelemetryEnv;
}

/** Options of `app.use(telemetry, …)`. */
export interface InstallOptions {
  /** Default: the router that the app has been given before. */
  router?: Router;
}

/** The plugin, which is at the same time the client. */
export type VueTelemetry<T extends BaseTelemetry = Telemetry> = T & {
  install(app: App, options?: InstallOptions): void;
};

/** Names in full, because that is the form which Vite replaces in packages, too, in its builds and while developing. */
const viteEnv = (): TelemetryEnv => ({
  VITE_TELEMETRY_ENABLED: import.meta.env?.VITE_TELEMETRY_ENABLED,
  VITE_TELEMETRY_ENDPOINT: import.meta.env?.VITE_TELEMETRY_ENDPOINT,
  VITE_TELEMETRY_HEADERS: import.meta.env?.VITE_TELEMETRY_HEADERS,
});

/** Under this key the plugin provides itself. */
export const TELEMETRY_KEY: InjectionKey<VueTelemetry> = Symbol('aetherterm.telemetry');

/**
 * Starts telemetry and returns it as a plugin.
 *
 * @example
 * createApp(App).use(router).use(createTelemetry({ serviceName: 'shop' })).mount('#app');
 */
export const createTelemetry = (options: VueTelemetryOptions): VueTelemetry => {
  const { env, captureErrors, ...rest } = options;
  return vuePlugin(init(withEnv(rest, env ?? viteEnv())), { captureErrors });
};

/**
 * Makes a Vue plugin of a client that one has put together oneself, with `createTelemetry` of
 * `@aetherterm/telemetry`: then the page loads no instrumentation that it does not name.
 *
 * @example
 * const telemetry = vuePlugin(createTelemetry({ serviceName: 'shop', instrumentations: [errors()] }));
 */
export const vuePlugin = <T extends BaseTelemetry>(telemetry: T, { captureErrors: capture = true }: PluginOptions = {}): VueTelemetry<T> => {
  const undo: (() => void)[] = [];
  const plugin: VueTelemetry<T> = {
    ...telemetry,
    install(app, { router = app.config.globalProperties['$router'] as Router | undefined } = {}) {
      app.provide(TELEMETRY_KEY, plugin as unknown as VueTelemetry);
      if (telemetry.stats().state === 'disabled') return;
      if (capture) undo.push(captureErrors(app, telemetry));
      if (router) undo.push(followRoutes(router, telemetry));
    },
    shutdown: () => {
      for (const restore of undo.splice(0)) restore();
      return telemetry.shutdown();
    },
  };
  return plugin;
};

/** The telemetry of the app that the calling component belongs to; throws where the plugin was not installed. */
export const useTelemetry = (): VueTelemetry => {
  const telemetry = inject(TELEMETRY_KEY, undefined);
  if (!telemetry) throw new Error('useTelemetry: install the plugin first, with app.use(createTelemetry({ serviceName }))');
  return telemetry;
};
