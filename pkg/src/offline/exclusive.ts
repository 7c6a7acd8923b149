/** One page at a time: Web Locks, or a lease in the database where there are none, as without HTTPS. */
import { now } from '../core/clock.js';
import type { Storage } from './storage.js';

/** Longer than an export may take, and renewed before each: so it does not end while one is on its way. */
const LEASE_MS = 15_000;

export interface Turn {
  /** Whether it is still ours; asked before each request. */
  holds(): Promise<boolean>;
  /** The page is being closed. */
  leave(): void;
}

/** Runs `act` when it is this page's turn; returns 0, or in how many milliseconds that may be the case. */
export const exclusive = async (name: string, storage: Storage, signal: AbortSignal, act: (turn: Turn) => Promise<void>): Promise<number> => {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  if (locks) {
    // It waits for the others, and ends with the page.
    await locks.request(name, { signal }, () => act({ holds: async () => true, leave: () => {} }));
    return 0;
  }
  const owner = Math.random();
  const taken = (): Promise<number> => storage.lease(owner, now(), LEASE_MS);
  const wait = await taken();
  if (wait) return wait;
  let ours = true;
  const leave = (): void => {
    if (ours) storage.release();
    ours = false;
  };
  try {
    await act({ holds: async () => (ours &&= !(await taken())), leave });
  } finally {
    leave();
  }
  return 0;
};
