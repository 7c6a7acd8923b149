/** One page at a time: Web Locks, or a lease in the database where there are none, as without HTTPS. */
import { now } from '../core/clock.js';
import type { Storage } from './storage.js';

/** Longer than an export may take, and renewed before each: so it does not end while one is on its way. */
const LEASE_MS = 15_000;

export interface Turn {
  /** Whether it is still ours; asked before each request. */
  holds(): Promise<boolean>;
  /** The page is left, and may never go on: it is somebody else's turn. */
  leave(): void;
}

/** Runs `act` when it is this page's turn; returns 0, or in how many milliseconds that may be the case. */
export const exclusive = async (name: string, storage: Storage, signal: AbortSignal, act: (turn: Turn) => Promise<void>): Promise<number> => {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  const owner = Math.random();
  const taken = (): Promise<number> => storage.lease(owner, now(), LEASE_MS);
  const wait = locks ? 0 : await taken();
  if (wait) return wait;
  const turn = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let ours = true;
      const leave = (): void => {
        if (ours && !locks) storage.release();
        ours = false;
        resolve();
      };
      act({ holds: async () => (ours &&= !!locks || !(await taken())), leave })
        .catch(reject)
        .finally(leave);
    });
  // A lock waits for the others, and ends with the page.
  await (locks ? locks.request(name, { signal }, turn) : turn());
  return 0;
};
