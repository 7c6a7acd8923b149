/** Lots as a request at once, without a worker: for a page that is left. */
import { gzipNow } from './gzip.js';
import type { Lot } from './lot.js';
import { Maker } from './maker.js';
import type { Beginning } from './messages.js';

export interface PackedNow {
  readonly lots: readonly Lot[];
  readonly body: Uint8Array<ArrayBuffer>;
  readonly items: number;
  readonly tooLarge: number;
}

/**
 * As many lots as fit into `room` once they are compressed, the oldest first; nothing if none does. It changes nothing that anybody
 * else has, not even a module: should it be ended in the middle, it can be called again.
 */
export const packNow = (beginning: Pick<Beginning, 'module' | 'text' | 'numbers'>, all: readonly Lot[], room: number): PackedNow | undefined => {
  for (let count = all.length; count; ) {
    const lots = all.slice(0, count);
    const maker = new Maker(beginning);
    for (const lot of lots) maker.add(lot);
    const { tooLarge } = maker.counters();
    const { body: raw, items } = maker.take();
    const body = gzipNow(raw);
    if (body.length <= room) return { lots, body, items, tooLarge };
    count = Math.min(count - 1, Math.floor((count * room) / body.length));
  }
  return undefined;
};
