/** Whether a page records so much that a worker had better see to it. Pages that do not never load what makes one. */
import { tick } from '../core/clock.js';
import type { Engine } from '../core/engine.js';

/** So many spans exported within so many milliseconds. */
const MANY = 1000;
const MANY_MS = 10_000;
const TRACES = 0;

export const watch = (engine: Engine): void => {
  const { take } = engine;
  let since = 0;
  let spans = 0;
  let found = false;
  engine.take = (...given) => {
    const request = take.apply(engine, given);
    if (request?.signal === TRACES && !found) {
      if (tick() - since > MANY_MS) {
        since = tick();
        spans = 0;
      }
      spans += request.items;
      if (spans > MANY) {
        found = true;
        // Where it cannot be loaded, nothing changes.
        import('./packer.js').then(({ pack }) => pack(engine), () => {});
      }
    }
    return request;
  };
};
