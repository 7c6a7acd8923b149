/** `@aetherterm/telemetry/offline`: what could not be sent is kept in IndexedDB, and sent by a later page. */
import type { Core } from '../core/core.js';
import { warnOnce } from '../core/warn.js';
import type { Instrumentation } from '../types.js';
import type { OfflineOptions } from './options.js';

export type { OfflineOptions };

/**
 * Keeps what cannot be sent now: while the browser is offline or the backend fails, what is recorded faster than
 * it leaves, and what exceeds the budget of a page that is closed. It is sent when that is possible again, by
 * whichever page of this origin.
 *
 * @example
 * createTelemetry({ serviceName: 'shop', instrumentations: [offlineStore()] });
 */
export const offlineStore = (options: OfflineOptions = {}): Instrumentation => ({
  name: 'offline',
  enable(context) {
    let on = true;
    let off: (() => void) | undefined;
    const { output } = context as Core;
    // The code is loaded after the module, without which there is nothing to keep.
    output.ready
      .then(async (ready) => {
        if (!ready) return;
        const { keep } = await import('./keeper.js');
        if (on && output.loaded) off = keep(output.loaded, options);
      })
      .catch(() => warnOnce('the offline store could not be loaded, telemetry goes on without it'));
    return () => {
      on = false;
      off?.();
    };
  },
});
