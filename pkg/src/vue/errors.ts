/**
 * Errors that reach Vue: recorded, then handled exactly as if we were not there.
 *
 * Whoever reads `app.config.errorHandler` gets a function of ours that stands for the handler set at that moment. A
 * handler set later that calls the one it has found there, as is custom, thus comes to the earlier handler.
 */
import type { App } from 'vue';
import type { BaseTelemetry } from '../types.js';
import { recordOnce } from './key.js';

type Handler = App['config']['errorHandler'];

/** The component's name, if the error came from one that has a name. */
const nameOf = (instance: Parameters<NonNullable<Handler>>[1]): string | undefined => {
  const { name, __name } = (instance?.$options ?? {}) as { name?: unknown; __name?: unknown };
  const found = name ?? __name;
  return typeof found === 'string' ? found : undefined;
};

/** Records what reaches `app.config.errorHandler`, whether that is set before or after. */
export const captureErrors = (app: App, telemetry: BaseTelemetry): (() => void) => {
  const { config } = app;
  const originals = new WeakMap<NonNullable<Handler>, { handler: Handler }>();
  /** Whether one of ours is at work, and what comes is passed on by the application's. */
  let handling = false;
  let on = true;

  const standIn = (handler: Handler): NonNullable<Handler> => {
    const handle: NonNullable<Handler> = function (this: unknown, error, instance, info) {
      if (handling || !on) return handler?.call(this, error, instance, info);
      handling = true;
      try {
        recordOnce(telemetry, error, { attributes: { 'vue.info': info, 'vue.component': nameOf(instance) } });
        if (handler) return handler.call(this, error, instance, info);
        // Vue then does what it does without a handler: it throws on while developing, and else tells the console.
        throw error;
      } finally {
        handling = false;
      }
    };
    originals.set(handle, { handler });
    return handle;
  };

  let current = standIn(config.errorHandler);
  const handler = (): Handler => originals.get(current)?.handler;
  Object.defineProperty(config, 'errorHandler', {
    configurable: true,
    enumerable: true,
    // Without a handler there is none where Vue is to throw, which it would not do from inside one.
    get: () => (!handler() && config.throwUnhandledErrorInProduction ? undefined : current),
    set: (value: Handler) => {
      current = value && originals.has(value) ? value : standIn(value);
    },
  });
  return () => {
    on = false;
    Object.defineProperty(config, 'errorHandler', { configurable: true, enumerable: true, writable: true, value: handler() });
  };
};
