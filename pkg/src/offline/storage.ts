/**
 * The database: one object store with requests, and one with the lease for browsers without Web Locks and the names of
 * what has been moved here.
 *
 * A request's key says everything about it but its body, so that bounds are checked without reading bodies:
 * `[time, order, signal, items, bytes]`, and so the oldest come first.
 *
 * What is written is committed in one go where that is possible: then it needs no further turn of the page's event loop.
 */
import type { Entry } from './stash.js';

export type Key = [time: number, order: number, signal: number, items: number, bytes: number];

const REQUESTS = 'requests';
const LEASE = 'lease';
/** For so long it is remembered what has been here: a page may see an entry of `localStorage` that another has removed. */
const DAY_MS = 86_400_000;

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const committed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });

export class Storage {
  private constructor(private readonly db: IDBDatabase) {}

  /** Rejects where the browser has no IndexedDB, or refuses it, as in some private modes. */
  static async open(name: string, closed: () => void): Promise<Storage> {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => [REQUESTS, LEASE].forEach((store) => opening.result.createObjectStore(store));
    const db = await done(opening);
    // Somebody deletes the database, or a newer version of this package needs another form.
    db.onversionchange = () => {
      db.close();
      closed();
    };
    db.onclose = closed;
    return new Storage(db);
  }

  /** Adds requests; resolves when they are in the database. */
  async add(entries: readonly Entry[]): Promise<void> {
    const transaction = this.write(REQUESTS, LEASE);
    for (const entry of entries) this.put(transaction, entry);
    transaction.commit?.();
    await committed(transaction);
  }

  /**
   * Adds a request from `localStorage`, unless it has been here before; one of nothing says that it was sent. Returns whether
   * it never was here and has no body: it is lost.
   */
  async adopt(entry: Entry, now: number): Promise<boolean> {
    const [id, { items, body }] = entry;
    const transaction = this.write(REQUESTS, LEASE);
    const names = transaction.objectStore(LEASE);
    names.delete(IDBKeyRange.bound([0], [now - DAY_MS]));
    // Whatever else its key says.
    if (!items) transaction.objectStore(REQUESTS).delete(IDBKeyRange.bound(id, [...id, []]));
    const lost = !(await done(names.getKey(id)));
    if (lost) this.put(transaction, entry);
    await committed(transaction);
    return lost && !body.length;
  }

  /** With its name, which stays for a day: `localStorage` may have it, too. */
  private put(transaction: IDBTransaction, [id, { signal, items, body }]: Entry): void {
    transaction.objectStore(LEASE).put(0, id);
    if (body.length) transaction.objectStore(REQUESTS).put(body, [...id, signal, items, body.length]);
  }

  body(key: Key): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return done(this.db.transaction(REQUESTS).objectStore(REQUESTS).get(key));
  }

  /** Removes a request. Works while the page is being closed. */
  async remove(key: Key): Promise<void> {
    const transaction = this.write(REQUESTS);
    transaction.objectStore(REQUESTS).delete(key);
    transaction.commit?.();
    await committed(transaction);
  }

  /** Brings the database within its bounds: what there is after that, what was too old, and what was too much. */
  async bound(maxBytes: number, oldest: number): Promise<{ kept: Key[]; expired: Key[]; excess: Key[] }> {
    const transaction = this.write(REQUESTS);
    const store = transaction.objectStore(REQUESTS);
    const keys = (await done(store.getAllKeys())) as unknown as Key[];
    const result = { kept: [] as Key[], expired: [] as Key[], excess: [] as Key[] };
    let bytes = keys.reduce((sum, key) => sum + key[4], 0);
    for (const key of keys) {
      const list = key[0] < oldest ? result.expired : bytes > maxBytes ? result.excess : result.kept;
      list.push(key);
      if (list === result.kept) continue;
      bytes -= key[4];
      store.delete(key);
    }
    // In the same transaction as the look, so that no two pages count one loss.
    await committed(transaction);
    return result;
  }

  /** Takes or renews the lease; returns for how long somebody else has it, in milliseconds. */
  async lease(owner: number, now: number, ms: number): Promise<number> {
    const transaction = this.write(LEASE);
    const store = transaction.objectStore(LEASE);
    const held = (await done(store.get(LEASE))) as [owner: number, until: number] | undefined;
    const left = held && held[0] !== owner ? held[1] - now : 0;
    // A clock that was set back must not leave a lease that never ends.
    if (left > 0 && left <= ms) return left;
    store.put([owner, now + ms], LEASE);
    await committed(transaction);
    return 0;
  }

  /** Ends the lease, which must be one's own. Works while the page is being closed. */
  release(): void {
    const transaction = this.write(LEASE);
    transaction.objectStore(LEASE).delete(LEASE);
    transaction.commit?.();
  }

  private write(...stores: string[]): IDBTransaction {
    // What is lost if the computer loses power now is not worth waiting for the disk.
    return this.db.transaction(stores, 'readwrite', { durability: 'relaxed' });
  }
}
