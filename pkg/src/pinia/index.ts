/** `@aetherterm/telemetry/pinia`: a span for each action of a Pinia store. */
import type { PiniaPlugin, PiniaPluginContext } from 'pinia';
import { Limit } from '../core/limit.js';
import { patch } from '../core/hooks.js';
import type { BaseTelemetry } from '../types.js';

/** Options of {@link piniaTelemetry}. */
export interface PiniaTelemetryOptions {
  /** Stores by id. Default: all. */
  stores?: readonly string[];
  /** Most new traces per second for an action. What exceeds it is not recorded, but counted as `rate_limited`. Default 20. */
  maxPerSecond?: number;
}

/**
 * A plugin for Pinia with which each action has a span `{store}.{action}`, until it returns or its promise settles. The
 * span is the current context while the action runs synchronously, so that what it requests joins the trace. Results and
 * errors are passed on; arguments and results are not recorded.
 *
 * Without a document, on a server that renders, it does nothing. `telemetry.shutdown()` gives the stores their actions back.
 *
 * @example
 * const pinia = createPinia();
 * pinia.use(piniaTelemetry(telemetry, { stores: ['cart'] }));
 */
export const piniaTelemetry = (telemetry: BaseTelemetry, { stores, maxPerSecond = 20 }: PiniaTelemetryOptions = {}): PiniaPlugin => {
  const limit = new Limit(maxPerSecond);
  return ({ store, options }: PiniaPluginContext): void => {
    const id = store.$id;
    if (typeof document === 'undefined' || (stores && !stores.includes(id))) return;
    telemetry.use({
      name: `pinia store ${id}`,
      enable(context) {
        const undo = Object.keys(options.actions).map((action) => {
          const name = `${id}.${action}`;
          const attributes = { 'pinia.store': id, 'pinia.action': action };
          return patch(store, action, (original) =>
            function (this: unknown, ...args) {
              const call = (): unknown => original.apply(this, args);
              // Only where a trace begins, so that none has holes.
              if (telemetry.active() || limit.allows(name)) return telemetry.span(name, { attributes }, call);
              context.rateLimited('traces');
              return call();
            },
          );
        });
        return () => undo.forEach((one) => one());
      },
    });
  };
};
