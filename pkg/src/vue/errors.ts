/** Errors that reach Vue: recorded, then handled exactly as if we were not there. */
import type { App } from 'vue';
import type { BaseTelemetry } from '../types.js';

type Handler = App['config']['errorHandler'];

/** Records what reaches `app.config.errorHandler`, whether that is set before or after. */
export const captureErrors = (app: App, telemetry: BaseTelemetry): (() => void) => {
  let own: Handler = app.config.errorHandler;
  const handler: NonNullable<Handler> = function (this: unknown, error, instance, info) {
    telemetry.exception(error, { attributes: { 'vue.info': info } });
    if (own) return own.call(this, error, instance, info);
    // What Vue does when there is no handler.
    console.error(error);
  };
  Object.defineProperty(app.config, 'errorHandler', {
    configurable: true,
    enumerable: true,
    get: () => handler,
    set: (value: Handler) => {
      own = value === handler ? own : value;
    },
  });
  return () => {
    Object.defineProperty(app.config, 'errorHandler', { configurable: true, enumerable: true, writable: true, value: own });
  };
};
