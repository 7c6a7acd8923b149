/** Sending what is kept: what is in memory, and what is in the database when it is this page's turn. */
import { now } from '../core/clock.js';
import type { Engine } from '../core/engine.js';
import type { Request } from '../core/transport.js';
import type { Parcel } from './divide.js';
import { type Turn, exclusive } from './exclusive.js';
import { judge } from './ledger.js';
import type { Shelf } from './shelf.js';
import { unstash } from './stash.js';
import type { Key, Storage } from './storage.js';

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 300_000;
/** The module's number for a request that somebody else has taken over. */
const TAKEN_OVER = 1;

/** HTTP status and the pause that was asked for. */
export type Outcome = [status: number, pause: number];

/** `onLine` is only ever wrong in the other direction. */
export const isOnline = (): boolean => globalThis.navigator?.onLine !== false;

export class Courier {
  /** The last export has failed; until one succeeds nothing new is tried. */
  private failing = false;
  private pause = FIRST_PAUSE_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** What is at work, by its number: of what was begun before a page was left nobody knows whether it goes on. */
  private sweeping = 0;
  private begun = 0;
  private again = false;
  /** From the database, and on its way. */
  leaving: { key: Key; request: Request; removed?: boolean } | undefined;
  private turn: Turn | undefined;
  /** Ends the wait for it: in Firefox a page that is frozen would get it, and keep it. */
  private waiting = new AbortController();
  on = true;
  /** Between `pagehide` and `pageshow`. */
  left = false;
  readonly abort = new AbortController();
  /** Who waits for answers to our own requests, by ids that the module does not use. */
  readonly posted = new Map<number, (outcome: Outcome, answer?: Uint8Array) => void>();
  private lastId = 0;

  constructor(
    private readonly engine: Engine,
    private readonly shelf: Shelf,
  ) {}

  /** Nothing can be sent now, as far as one can tell. */
  get stuck(): boolean {
    return this.failing || !isOnline();
  }

  /** What held it up may be over. */
  resume(): void {
    this.succeeded();
    this.sweep();
  }

  /** The page is left, and perhaps frozen: others need not wait for it, and must not send what the browser delivers for it. */
  leave(): void {
    const { leaving, shelf } = this;
    if (leaving?.request.safe && !leaving.removed) {
      leaving.removed = true;
      const [time, order, signal] = leaving.key;
      // Noted as well: what the database is told now may end with the page.
      shelf.stash([[[time, order], { signal, items: 0, body: new Uint8Array() }]]);
      void shelf.storage?.remove(leaving.key).catch(() => {});
    }
    this.waiting.abort();
    this.turn?.leave();
  }

  close(): void {
    this.on = false;
    this.abort.abort();
    this.waiting.abort();
    clearTimeout(this.timer);
  }

  /** Sends what is not in the database; returns whether it is settled. */
  async send(parcel: Parcel, final?: boolean): Promise<boolean> {
    const { shelf } = this;
    const [outcome, answer] = await this.post(parcel, final);
    if (outcome[0] === TAKEN_OVER) return true;
    const settled = shelf.ledger.settle(parcel, outcome[0], answer);
    if (!settled) shelf.keep([parcel]);
    this.outcome(outcome);
    return settled;
  }

  /** What has become of an export. */
  outcome([status, pause]: Outcome): void {
    const { shelf } = this;
    if (judge(status) === 'later') {
      if (!this.failing) this.rest(pause);
      shelf.spill();
    } else {
      this.succeeded();
      if (shelf.filled || shelf.held.length) this.sweep();
    }
  }

  /** Sends what is ours, and what is in the database unless another page is at it. */
  sweep(): void {
    this.again = !!this.sweeping;
    if (this.sweeping || !this.may) return;
    clearTimeout(this.timer);
    const own = (this.sweeping = ++this.begun);
    this.work()
      .catch(() => this.later(MAX_PAUSE_MS))
      .finally(() => {
        if (own !== this.sweeping) return;
        this.sweeping = 0;
        if (this.again) this.sweep();
      });
  }

  /** The page has come back. */
  restart(): void {
    this.sweeping = 0;
    this.sweep();
  }

  /** Looks again then, and not before unless something happens. */
  later(ms: number): void {
    clearTimeout(this.timer);
    if (this.on) this.timer = setTimeout(() => this.sweep(), ms);
  }

  private get may(): boolean {
    return this.on && !this.left && isOnline();
  }

  private succeeded(): void {
    this.failing = false;
    this.pause = FIRST_PAUSE_MS;
  }

  /** Posts a request of ours. */
  private post({ signal, items, body }: Parcel, final?: boolean, key?: Key): Promise<[outcome: Outcome, answer?: Uint8Array]> {
    return new Promise((resolve) => {
      const request: Request = { id: --this.lastId, signal, items, body };
      this.posted.set(request.id, (...result) => resolve(result));
      if (key) this.leaving = { key, request };
      this.engine.flying.add(request);
      this.engine.send(request, final);
    });
  }

  /** Tries again later, each time later than before, or when the backend has said. */
  private rest(asked: number): void {
    this.failing = true;
    const pause = Math.max(this.pause * (0.5 + Math.random() / 2), Math.min(asked, MAX_PAUSE_MS));
    this.pause = Math.min(this.pause * 2, MAX_PAUSE_MS);
    this.later(pause);
  }

  private async work(): Promise<void> {
    // A page that was left meanwhile must not ask for its turn.
    if (!(await this.sendHeld()) || !this.may) return;
    const { shelf } = this;
    const { storage } = shelf;
    if (!storage) shelf.filled = false;
    else {
      const wait = await exclusive(shelf.name, storage, (this.waiting = new AbortController()).signal, async (turn) => {
        this.turn = turn;
        await this.drain(storage, turn).finally(() => (this.turn = undefined));
      });
      if (wait) return this.later(wait + Math.random() * 1000);
    }
    // Nothing is left to find out with whether the backend is back: the module does.
    if (!shelf.filled) this.failing = false;
  }

  /** Returns whether all of it is settled. */
  private async sendHeld(): Promise<boolean> {
    const { held } = this.shelf;
    while (held.length && this.may) if (!(await this.send(held.shift()!))) return false;
    return true;
  }

  private async drain(storage: Storage, turn: Turn): Promise<void> {
    const { shelf } = this;
    await unstash(shelf.name, async (entry) => {
      const [, { signal, items }] = entry;
      if (await storage.adopt(entry, now())) shelf.ledger.lost(signal, 'page_closed', items);
    }).catch(() => {});
    for (;;) {
      shelf.filled = false;
      const keys = await shelf.bound(storage);
      if (!keys.length) return;
      shelf.filled = true;
      for (const key of keys) {
        if (!(await this.sendHeld()) || !this.may || !(await turn.holds()) || !(await this.deliver(storage, key))) return;
      }
    }
  }

  /** Sends one request from the database; returns whether it is settled. */
  private async deliver(storage: Storage, key: Key): Promise<boolean> {
    const [, , signal, items] = key;
    const body = await storage.body(key);
    if (!body) return true;
    if (!this.may) return false;
    const parcel = { signal, items, body };
    const [outcome, answer] = await this.post(parcel, false, key);
    const removed = this.leaving?.removed;
    this.leaving = undefined;
    // The page is left, and it would not go on: it stays where it is.
    if (outcome[0] === TAKEN_OVER) return false;
    const settled = this.shelf.ledger.settle(parcel, outcome[0], answer);
    if (settled) {
      this.succeeded();
      await storage.remove(key);
    } else {
      if (removed) this.shelf.keep([parcel]);
      this.rest(outcome[1]);
    }
    return settled;
  }
}
