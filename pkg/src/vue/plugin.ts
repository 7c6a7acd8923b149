/** A telemetry client as a Vue plugin. */
import type { App } from 'vue';
import type { Router } from 'vue-router';
import { all } from '../core/hooks.js';
import type { BaseTelemetry, Telemetry } from '../types.js';
import { captureErrors } from './errors.js';
import { TELEMETRY_KEY, inPage, pageOf } from './key.js';
import { followRoutes } from './routes.js';

/** Options of {@link vuePlugin}. */
export interface PluginOptions {
  /** Whether errors that reach Vue's `errorHandler` become log records. Default `true`. */
  captureErrors?: boolean | undefined;
}

/** Options of `app.use(telemetry, …)`. */
export interface InstallOptions {
  /** Default: the router that the app has been given before. */
  router?: Router;
}

/** The plugin, which is at the same time the client. */
export type VueTelemetry<T extends BaseTelemetry = Telemetry> = T & {
  /** What `app.use(telemetry)` calls. Without a document, on a server that renders, it only provides itself. */
  install(app: App, options?: InstallOptions): void;
  /**
   * Takes back what installing has done to apps and routers; the client itself goes on. An app that is unmounted
   * does so for itself (with Vue 3.5 or newer), and `shutdown` does it for all.
   */
  dispose(): void;
};

/**
 * Makes a Vue plugin of a client that one has put together oneself, with `createTelemetry` of
 * `@aetherterm/telemetry/core`: then the page loads no instrumentation that it does not name.
 *
 * @example
 * const telemetry = vuePlugin(createTelemetry({ serviceName: 'shop', instrumentations: [errors()] }));
 */
export const vuePlugin = <T extends BaseTelemetry>(telemetry: T, { captureErrors: capture = true }: PluginOptions = {}): VueTelemetry<T> => {
  const undo = new Set<() => void>();
  const plugin: VueTelemetry<T> = {
    ...telemetry,
    install(app, { router = app.config.globalProperties['$router'] as Router | undefined } = {}) {
      app.provide(TELEMETRY_KEY, plugin as unknown as VueTelemetry);
      if (!inPage()) return;
      const enable: Parameters<T['use']>[0]['enable'] = (context) => {
        const page = pageOf(plugin);
        page.context = context;
        const errors = capture && captureErrors(app, telemetry);
        const routes = router && followRoutes(router, telemetry, page, context);
        return all(() => errors && errors(), () => routes?.());
      };
      const off = telemetry.use({ name: 'vue', enable });
      undo.add(off);
      // Since Vue 3.5.
      (app as { onUnmount?: App['onUnmount'] }).onUnmount?.(() => {
        undo.delete(off);
        off();
      });
    },
    dispose() {
      for (const off of undo) off();
      undo.clear();
    },
  };
  return plugin;
};
