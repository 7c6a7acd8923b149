/** Instrumentations that are loaded after the page. */
import type { Instrumentation } from '../types.js';
import { warnOnce } from './warn.js';

/**
 * An instrumentation whose code is loaded later, so that a page's first paint does not wait for it. What happens
 * before is missed, unless the browser keeps it: it does for web vitals, long frames and resource timing.
 *
 * @example
 * lazy('web-vitals', async () => (await import('@aetherterm/telemetry/web-vitals')).webVitals())
 */
export const lazy = (name: string, load: () => Promise<Instrumentation>): Instrumentation => ({
  name,
  enable(context) {
    let on = true;
    let off: (() => void) | void;
    load().then(
      context.guard((instrumentation: Instrumentation) => {
        if (on) off = instrumentation.enable(context);
      }),
      () => warnOnce(`the instrumentation "${name}" could not be loaded, nothing else is affected`),
    );
    return () => {
      on = false;
      off?.();
    };
  },
});
