/** What the engine loads once a page needs it: most measure nothing at first, and few record much. */
import { watch } from '../packing/watch.js';
import type { Engine } from './engine.js';
import { Metrics } from './metrics.js';

export const assist = (engine: Engine): Metrics => {
  watch(engine);
  return new Metrics(engine.options.metricsIntervalMs);
};
