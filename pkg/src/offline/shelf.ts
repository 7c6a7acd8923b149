/**
 * Where requests are kept: in the database, or in this page's memory where there is none, or where it refuses them, as it does
 * when the browser's quota is used up.
 */
import { now } from '../core/clock.js';
import type { Engine } from '../core/engine.js';
import type { Request } from '../core/transport.js';
import type { Parcel } from './divide.js';
import type { Ledger } from './ledger.js';
import type { OfflineOptions } from './options.js';
import { type Entry, named, stash, unstash } from './stash.js';
import { type Key, Storage } from './storage.js';

// As in `core/`; importing it would cut the engine's chunk in two, for every page.
const FINAL = 2;
/** The module's number for a request that it need not care about any more. */
const TAKEN_OVER = 1;
const DAY_MS = 86_400_000;

export class Shelf {
  storage: Storage | undefined;
  /** In memory only: the most important of what waits, or everything where there is no database. */
  readonly held: Parcel[] = [];
  /** There may be something in the database. */
  filled = true;
  /** There is no database, and will be none. */
  refused = false;
  /**
   * While the page may be gone in a moment: what `localStorage` has no room for. The database gets that at the end, because
   * browsers end a page that is left and keeps the next one, which may be there already, from the database.
   */
  over: Entry[] | undefined;
  /** The database has refused what was to be kept last: what cannot be sent as the page is closed is lost. */
  refusing = false;
  /** Handed to the database, which has not said yet that it has them: a page that is closed may take them along. */
  readonly writing = new Set<Entry>();
  /** Of the database, of its lock, and of what is in `localStorage`. */
  readonly name: string;
  private readonly maxBytes: number;
  private readonly maxAge: number;

  constructor(
    private readonly engine: Engine,
    readonly ledger: Ledger,
    options: OfflineOptions,
  ) {
    this.maxBytes = Math.max(options.maxBytes ?? 4 << 20, 64 << 10);
    this.maxAge = options.maxAgeMs ?? 7 * DAY_MS;
    this.name = `aetherterm-telemetry ${engine.urls[0]}`;
  }

  async open(): Promise<void> {
    const { engine } = this;
    try {
      this.storage = await Storage.open(this.name, () => {
        this.storage = undefined;
        delete (engine as { busy?: boolean }).busy;
      });
      // What is encoded is soon in the database, so nothing has to wait for its turn to be.
      Object.defineProperty(engine, 'busy', { value: false, configurable: true });
      this.keep(this.held.splice(0));
    } catch {
      // Refused, as in some private modes: what waits stays in memory, and so does what was left while nobody knew.
      this.refused = true;
      await unstash(this.name, async ([, parcel]) => (parcel.body.length ? this.hold([parcel]) : this.ledger.lost(parcel.signal, 'page_closed', parcel.items))).catch(() => {});
    }
  }

  /** What the module has and is not on its way. */
  takeAll(mode = FINAL): Parcel[] {
    const taken: Parcel[] = [];
    for (let request; (request = this.engine.take(mode, -1)); ) taken.push(this.own(request));
    return taken;
  }

  own(request: Request): Parcel {
    const { id, signal, items, body } = request;
    this.engine.flying.delete(request);
    this.engine.module.answered(id, TAKEN_OVER, -1, 0, 0, now());
    return { signal, items, body };
  }

  /** Everything that waits goes to the database. */
  spill(mode = FINAL): void {
    this.keep([...this.held.splice(0), ...this.takeAll(mode)]);
  }

  /** Keeps requests in the database, or in memory where there is none. */
  keep(parcels: Parcel[]): void {
    const entries = named(parcels, now());
    if (this.over) this.over.push(...this.stash(entries));
    else if (this.storage) this.write(entries);
    else this.hold(parcels);
  }

  /** The database has what is kept, as far as one can tell. */
  get keeps(): boolean {
    return !!this.storage && !this.refusing;
  }

  /** Writes what fits to `localStorage`; returns the others. Nobody would look there where there is no database. */
  stash(entries: Entry[]): Entry[] {
    return this.refused ? entries : stash(this.name, entries, this.keeps);
  }

  write(entries: Entry[]): void {
    const { storage, writing } = this;
    if (!storage || !entries.length) return;
    this.filled = true;
    for (const entry of entries) writing.add(entry);
    storage
      .add(entries)
      .then(
        () => {
          this.refusing = false;
          return this.bound(storage);
        },
        () => {
          this.refusing = true;
          this.hold(entries.map(([, parcel]) => parcel));
        },
      )
      .catch(() => {})
      .finally(() => entries.forEach((entry) => writing.delete(entry)));
  }

  hold(parcels: Parcel[]): void {
    this.held.push(...parcels);
    let bytes = this.held.reduce((sum, { body }) => sum + body.length, 0);
    while (bytes > this.maxBytes) {
      const { body, signal, items } = this.held.shift()!;
      bytes -= body.length;
      this.ledger.lost(signal, 'storage_full', items);
    }
  }

  /** Drops what is too old or too much; returns the keys of the rest. */
  async bound(storage: Storage): Promise<Key[]> {
    const { kept, expired, excess } = await storage.bound(this.maxBytes, now() - this.maxAge);
    for (const [, , signal, items] of expired) this.ledger.lost(signal, 'expired', items);
    for (const [, , signal, items] of excess) this.ledger.lost(signal, 'storage_full', items);
    return kept;
  }
}
