/** The last good answer, kept for the next page view, which then needs to wait for nothing. */

const KEY = 'aetherterm.config';

export interface Cached {
  url: string;
  text: string;
  /** Until when it need not be asked for again, in milliseconds since the Unix epoch. */
  until: number;
}

/** Storage may be blocked, which throws, and hold anything. */
export const readCache = (url: string): Cached | undefined => {
  try {
    const found = JSON.parse(globalThis.localStorage.getItem(KEY)!) as Cached | null;
    return found?.url === url && typeof found.text === 'string' && Number.isFinite(found.until) ? found : undefined;
  } catch {
    return undefined;
  }
};

export const writeCache = (cached: Cached): void => {
  try {
    globalThis.localStorage.setItem(KEY, JSON.stringify(cached));
  } catch {
    // Then it is asked for with every page view.
  }
};
