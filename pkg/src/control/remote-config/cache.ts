/** The last good answer, kept for the next page view, which then needs to wait for nothing. */
import { kept } from '../kept.js';

export interface Cached {
  url: string;
  text: string;
  /** Until when it need not be asked for again, in milliseconds since the Unix epoch. */
  until: number;
}

const cache = /*@__PURE__*/ kept<Cached>(() => globalThis.localStorage, 'aetherterm.config');

export const writeCache = cache.write;

export const readCache = (url: string): Cached | undefined => {
  const found = cache.read();
  return found?.url === url && typeof found.text === 'string' && Number.isFinite(found.until) ? (found as Cached) : undefined;
};
