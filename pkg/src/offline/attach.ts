/** When the store's code is loaded and put to work. */
import type { Core } from '../core/core.js';
import { warnOnce } from '../core/warn.js';
import type { Instrumentation } from '../types.js';
import type { OfflineOptions } from './options.js';

/** Loads what keeps requests. */
export type LoadKeeper = () => Promise<Pick<typeof import('./keeper.js'), 'keep'>>;

export const attach = (options: OfflineOptions, load: LoadKeeper): Instrumentation => ({
  name: 'offline',
  enable(context) {
    let on = true;
    let off: (() => void) | undefined;
    const { output } = context as Core;
    // The code is loaded after the module, without which there is nothing to keep.
    output.ready
      .then(async (ready) => {
        if (!ready) return;
        const { keep } = await load();
        if (on && output.loaded) off = keep(output.loaded, options);
      })
      .catch(() => warnOnce('the offline store could not be loaded, telemetry goes on without it'));
    return () => {
      on = false;
      off?.();
    };
  },
});
