/** Sessions in the browser's storage, which may refuse everything, and hold anything. */

/** A session as it is stored; times in milliseconds since the Unix epoch. */
export interface Stored {
  id: string;
  /** The one before. */
  previous?: string | undefined;
  start: number;
  /** When something was last done or recorded. */
  seen: number;
  /** Whether it is recorded. */
  sampled: boolean;
}

const KEY = 'aetherterm.session';

export class Store {
  private storage: Storage | undefined;

  constructor(keep: 'tab' | 'shared' | 'page') {
    try {
      // Reading the property alone throws where storage is blocked.
      this.storage = keep === 'tab' ? globalThis.sessionStorage : keep === 'shared' ? globalThis.localStorage : undefined;
    } catch {
      // For this page only, then.
    }
  }

  read(): Stored | undefined {
    try {
      const found = JSON.parse(this.storage!.getItem(KEY)!) as Stored;
      return /^[\da-f]{32}$/.test(found.id) && found.start <= found.seen ? found : undefined;
    } catch {
      return undefined;
    }
  }

  write(session: Stored): void {
    try {
      this.storage?.setItem(KEY, JSON.stringify(session));
    } catch {
      // Full, or not allowed: it holds for this page.
    }
  }
}
