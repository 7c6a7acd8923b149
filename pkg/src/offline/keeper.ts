/**
 * When what is kept, and when it is sent.
 *
 * What waits in the module is little enough to be sent in the last moment of a page. Everything beyond that is taken
 * out and written to the database as soon as it is there, not when the page is closed, as there may be no time for it
 * then: what exceeds the budget of a page that is closed, and all of it while the browser is offline or the backend
 * fails. What is in the database is sent by whichever page of this origin has its turn.
 *
 * Where there is no database, everything stays in this page's memory within the same bounds, and what is left when it
 * is closed is counted.
 */
import { active } from '../core/context.js';
import { now, tick } from '../core/clock.js';
import type { Engine } from '../core/engine.js';
import type { Request } from '../core/transport.js';
import { type Parcel, divide } from './divide.js';
import { type Turn, exclusive } from './exclusive.js';
import { Ledger, judge } from './ledger.js';
import type { OfflineOptions } from './options.js';
import { type Entry, named, stash, unstash } from './stash.js';
import { type Key, Storage } from './storage.js';

// These are in `core/` as well; importing them would cut the engine's chunk in two, for every page.
const DUE = 0;
const FINAL = 2;
const KEEPALIVE_BYTES = 60 * 1024;
/** The module's number for a request that it need not care about any more. */
const TAKEN_OVER = 1;
/** Records between two looks at how much waits. */
const SOME = 32;
/** How long a page that is hidden, but may go on, is kept busy. */
const HIDING_MS = 40;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 300_000;
/** Left of the budget for telling what was lost, where nothing can be kept. */
const LAST_WORDS_BYTES = 4096;
const DAY_MS = 86_400_000;

/** HTTP status and the pause that was asked for. */
type Outcome = [status: number, pause: number];

class Keeping {
  private storage: Storage | undefined;
  /** Ours, and in memory only: the most important of what waits, or everything where there is no database. */
  private held: Parcel[] = [];
  /** The last export has failed; until one succeeds nothing new is tried. */
  private failing = false;
  private pause = FIRST_PAUSE_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private sweeping = false;
  private again = false;
  /** Handed to the database, which has not said yet that it has them: a page that is closed may take them along. */
  private readonly writing = new Set<Entry>();
  /** There may be something in the database. */
  private filled = true;
  /** From the database, and on its way. */
  private leaving: { key: Key; request: Request } | undefined;
  private turn: Turn | undefined;
  private on = true;
  /** Between `pagehide` and `pageshow`, and whether the page will not come back. */
  private left = false;
  private gone = false;
  /** Who waits for answers to our own requests, by ids that the module does not use. */
  private readonly posted = new Map<number, (outcome: Outcome, answer?: Uint8Array) => void>();
  private lastId = 0;
  private readonly ledger: Ledger;
  private readonly name: string;
  private readonly maxBytes: number;
  private readonly maxAge: number;
  private readonly abort = new AbortController();

  constructor(
    private readonly engine: Engine,
    options: OfflineOptions,
  ) {
    this.maxBytes = Math.max(options.maxBytes ?? 4 << 20, 64 << 10);
    this.maxAge = options.maxAgeMs ?? 7 * DAY_MS;
    this.name = `aetherterm-telemetry ${engine.urls[0]}`;
    this.ledger = new Ledger(engine);
    // What tells of losses has to be there when something is lost.
    engine.loadMetrics();
    this.attach(engine);
    const listen = (type: string, act: (event: Event) => void): void => globalThis.addEventListener?.(type, act, this.abort);
    listen('online', () => {
      this.failing = false;
      this.pause = FIRST_PAUSE_MS;
      this.sweep();
    });
    listen('offline', () => this.spill());
    // The engine has heard of it before, but not what we have to know.
    listen('pagehide', (event) => {
      this.left = true;
      this.gone = !(event as PageTransitionEvent).persisted;
      this.leave();
    });
    listen('pageshow', () => {
      this.left = this.gone = false;
      this.sweep();
    });
    void this.open();
  }

  /** Takes the places that the engine has for us, for as long as there is a page. */
  private attach(engine: Engine): void {
    const { record, pump, answered, sendFinal } = engine;
    let records = 0;
    engine.record = (one) => {
      record.call(engine, one);
      if (++records % SOME === 0) this.relieve();
    };
    engine.pump = () => {
      const instead = this.on && this.stuck;
      if (instead) this.spill(DUE);
      pump.call(engine);
      // Offline it does not ask when there will be more.
      if (instead) engine.arm(engine.answered(0, 0, -1, new Uint8Array()));
    };
    engine.answered = (id, status, pause, answer) => {
      // As a page goes, its requests end for the page only; the browser goes on with them.
      if (this.left && !status && this.online) status = 200;
      const waits = this.posted.get(id);
      const due = answered.call(engine, waits ? 0 : id, status, pause, answer);
      if (this.posted.delete(id)) waits!([status, pause], answer);
      else if (id > 0) this.outcome([status, pause]);
      return due;
    };
    engine.sendFinal = () => (this.on ? this.leave() : sendFinal.call(engine));
  }

  close(): void {
    this.on = false;
    this.abort.abort();
    clearTimeout(this.timer);
    this.keep(this.held.splice(0));
  }

  private get online(): boolean {
    return globalThis.navigator?.onLine !== false;
  }

  /** Nothing can be sent now, as far as one can tell. */
  private get stuck(): boolean {
    return this.failing || !this.online;
  }

  private async open(): Promise<void> {
    try {
      const { engine } = this;
      this.storage = await Storage.open(this.name, () => {
        this.storage = undefined;
        delete (engine as { busy?: boolean }).busy;
      });
      // What is encoded is soon in the database, so nothing has to wait for its turn to be.
      Object.defineProperty(engine, 'busy', { value: false, configurable: true });
      this.keep(this.held.splice(0));
    } catch {
      // Refused, as in some private modes: what waits stays in memory.
    }
    this.sweep();
  }

  /** What the module has and is not on its way. */
  private takeAll(mode = FINAL): Parcel[] {
    const taken: Parcel[] = [];
    for (let request; (request = this.engine.take(mode, -1)); ) taken.push(this.own(request));
    return taken;
  }

  private own({ id, signal, items, body }: Request): Parcel {
    this.engine.module.answered(id, TAKEN_OVER, -1, 0, 0, now());
    return { signal, items, body };
  }

  /** Everything that waits goes to the database. */
  private spill(mode = FINAL): void {
    this.keep([...this.held.splice(0), ...this.takeAll(mode)]);
  }

  /** Takes out of the module what exceeds the budget of a page that is closed: the most important stays at hand. */
  private relieve(): void {
    const { engine } = this;
    if (!this.storage || !this.on) return;
    engine.counters(() => {});
    let waits = this.held.reduce((sum, { body }) => sum + body.length, engine.writer.numbers[0]!);
    for (const { id, body } of engine.flying) if (id > 0) waits -= body.length;
    if (waits < KEEPALIVE_BYTES) return;
    if (this.stuck) return this.spill();
    const { now: first, rest } = divide([...this.held, ...this.takeAll()], KEEPALIVE_BYTES / 2, active()?.traceId);
    this.held = first;
    this.keep(rest);
    this.sweep();
  }

  /** The page is hidden, and may be gone in a moment. */
  private leave(): void {
    const { engine } = this;
    const { flying, client } = engine;
    const waiting = this.held.splice(0);
    const until = this.left ? Infinity : tick() + HIDING_MS;
    do {
      engine.encodeSome(true);
      waiting.push(...this.takeAll());
    } while (client.unencoded.length && tick() < until);
    // What is being compressed would not leave any more, and what is too much for the budget may be cancelled.
    for (const request of flying) {
      const { id, safe } = request;
      if (request === this.leaving?.request || !(safe === undefined || (this.gone && !safe))) continue;
      request.taken = true;
      flying.delete(request);
      waiting.push(this.own(request));
      this.posted.get(id)?.([TAKEN_OVER, -1]);
      this.posted.delete(id);
    }
    const room = KEEPALIVE_BYTES - engine.reserved - (this.storage ? 0 : LAST_WORDS_BYTES);
    const { now: first, rest } = divide(waiting, this.stuck ? 0 : room, active()?.traceId);
    for (const parcel of first) void this.send(parcel, true);
    if (!this.storage && this.gone) {
      for (const parcel of rest) this.ledger.lost(parcel.signal, 'page_closed', parcel.items);
      for (const last of this.takeAll()) void this.send(last, true);
    } else if (this.storage) {
      this.write(stash(this.name, named(rest, now())));
      // Should they be written after all, their names tell.
      stash(this.name, [...this.writing]);
    } else this.hold(rest);
    this.filled = true;
    if (document.visibilityState === 'hidden') this.sweep();
    if (this.gone) {
      // The page will not hear what became of it; the browser delivers it, as it does all of these.
      if (this.leaving?.request.safe) void this.storage?.remove(this.leaving.key).catch(() => {});
      this.turn?.leave();
    }
  }

  /** Keeps requests in the database, or in memory where there is none. */
  private keep(parcels: Parcel[]): void {
    if (this.storage) this.write(named(parcels, now()));
    else this.hold(parcels);
  }

  private write(entries: Entry[]): void {
    const { storage, writing } = this;
    if (!storage || !entries.length) return;
    this.filled = true;
    for (const entry of entries) writing.add(entry);
    storage
      .add(entries)
      .then(
        () => this.bound(storage),
        () => this.hold(entries.map(([, parcel]) => parcel)),
      )
      .catch(() => {})
      .finally(() => entries.forEach((entry) => writing.delete(entry)));
  }

  private hold(parcels: Parcel[]): void {
    this.held.push(...parcels);
    let bytes = this.held.reduce((sum, { body }) => sum + body.length, 0);
    while (bytes > this.maxBytes) {
      const { body, signal, items } = this.held.shift()!;
      bytes -= body.length;
      this.ledger.lost(signal, 'storage_full', items);
    }
  }

  /** Drops what is too old or too much; returns the keys of the rest. */
  private async bound(storage: Storage): Promise<Key[]> {
    const { kept, expired, excess } = await storage.bound(this.maxBytes, now() - this.maxAge);
    for (const [, , signal, items] of expired) this.ledger.lost(signal, 'expired', items);
    for (const [, , signal, items] of excess) this.ledger.lost(signal, 'storage_full', items);
    return kept;
  }

  /** Posts a request of ours. */
  private post({ signal, items, body }: Parcel, final?: boolean, key?: Key): Promise<[outcome: Outcome, answer?: Uint8Array]> {
    return new Promise((resolve) => {
      const request: Request = { id: --this.lastId, signal, items, body };
      this.posted.set(request.id, (...result) => resolve(result));
      if (key) this.leaving = { key, request };
      void this.engine.send(request, final);
    });
  }

  /** Sends what is not in the database; returns whether it is settled. */
  private async send(parcel: Parcel, final?: boolean): Promise<boolean> {
    const [outcome, answer] = await this.post(parcel, final);
    if (outcome[0] === TAKEN_OVER) return true;
    const settled = this.ledger.settle(parcel, outcome[0], answer);
    if (!settled) this.keep([parcel]);
    this.outcome(outcome);
    return settled;
  }

  /** What has become of an export. */
  private outcome([status, pause]: Outcome): void {
    if (judge(status) === 'later') {
      if (!this.failing) this.rest(pause);
      this.spill();
    } else {
      this.failing = false;
      this.pause = FIRST_PAUSE_MS;
      if (this.filled || this.held.length) this.sweep();
    }
  }

  /** Tries again later, each time later than before, or when the backend has said. */
  private rest(asked: number): void {
    this.failing = true;
    const pause = Math.max(this.pause * (0.5 + Math.random() / 2), Math.min(asked, MAX_PAUSE_MS));
    this.pause = Math.min(this.pause * 2, MAX_PAUSE_MS);
    this.later(pause);
  }

  private later(ms: number): void {
    clearTimeout(this.timer);
    if (this.on) this.timer = setTimeout(() => this.sweep(), ms);
  }

  /** Sends what is ours, and what is in the database unless another page is at it. */
  private sweep(): void {
    this.again = this.sweeping;
    if (this.sweeping || this.left || !this.on || !this.online) return;
    clearTimeout(this.timer);
    this.sweeping = true;
    this.work()
      .catch(() => this.later(MAX_PAUSE_MS))
      .finally(() => {
        this.sweeping = false;
        if (this.again) this.sweep();
      });
  }

  private get may(): boolean {
    return this.on && !this.left && this.online;
  }

  private async work(): Promise<void> {
    if (!(await this.sendHeld())) return;
    const { storage } = this;
    if (!storage) this.filled = false;
    else {
      const wait = await exclusive(this.name, storage, this.abort.signal, async (turn) => {
        this.turn = turn;
        await this.drain(storage, turn).finally(() => (this.turn = undefined));
      });
      if (wait) return this.later(wait + Math.random() * 1000);
    }
    // Nothing is left to find out with whether the backend is back: the module does.
    if (!this.filled) this.failing = false;
  }

  /** Returns whether all of it is settled. */
  private async sendHeld(): Promise<boolean> {
    while (this.held.length && this.may) if (!(await this.send(this.held.shift()!))) return false;
    return true;
  }

  private async drain(storage: Storage, turn: Turn): Promise<void> {
    await unstash(this.name, (entry) => storage.adopt(entry, now())).catch(() => {});
    for (;;) {
      this.filled = false;
      const keys = await this.bound(storage);
      if (!keys.length) return;
      this.filled = true;
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
    this.leaving = undefined;
    const settled = this.ledger.settle(parcel, outcome[0], answer);
    if (settled) {
      this.failing = false;
      this.pause = FIRST_PAUSE_MS;
      await storage.remove(key);
    } else this.rest(outcome[1]);
    return settled;
  }
}

/** Puts the store to work; returns what ends it. */
export const keep = (engine: Engine, options: OfflineOptions): (() => void) => {
  const keeping = new Keeping(engine, options);
  return () => keeping.close();
};
