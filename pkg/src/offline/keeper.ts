/**
 * When what is kept.
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
import { Courier, isOnline } from './courier.js';
import { divide } from './divide.js';
import { Ledger } from './ledger.js';
import type { OfflineOptions } from './options.js';
import { Shelf } from './shelf.js';
import { named, names } from './stash.js';

// These are in `core/` as well; importing them would cut the engine's chunk in two, for every page.
const DUE = 0;
const KEEPALIVE_BYTES = 60 * 1024;
/** The module's number for a request that it need not care about any more. */
const TAKEN_OVER = 1;
/** Records between two looks at how much waits. */
const SOME = 32;
/** When what another page has left is looked for, in milliseconds: it may not be all yet. */
const SOON_MS = 1000;
/** How long a page that is hidden, but may go on, is kept busy. */
const HIDING_MS = 40;
/** Left of the budget for telling what was lost, where nothing can be kept. */
const LAST_WORDS_BYTES = 4096;

/** Puts the store to work; returns what ends it. */
export const keep = (engine: Engine, options: OfflineOptions): (() => void) => {
  const ledger = new Ledger(engine);
  const shelf = new Shelf(engine, ledger, options);
  const courier = new Courier(engine, shelf);
  const { posted, abort } = courier;
  /** The page will not come back. */
  let gone = false;

  /** Takes out of the module what exceeds the budget of a page that is closed: the most important stays at hand. */
  const relieve = (): void => {
    if (!shelf.storage || !courier.on) return;
    engine.counters(() => {});
    let waits = shelf.held.reduce((sum, { body }) => sum + body.length, engine.writer.numbers[0]!);
    for (const { id, body } of engine.flying) if (id > 0) waits -= body.length;
    if (waits < KEEPALIVE_BYTES) return;
    if (courier.stuck) return shelf.spill();
    const { now: first, rest } = divide([...shelf.held.splice(0), ...shelf.takeAll()], KEEPALIVE_BYTES / 2, active()?.traceId);
    shelf.held.push(...first);
    shelf.keep(rest);
    courier.sweep();
  };

  /** The page is hidden, and may be gone in a moment. */
  const leave = (): void => {
    const { flying, client } = engine;
    const until = courier.left ? Infinity : tick() + HIDING_MS;
    // Ended in the middle, as Firefox may (`packing/packer.ts`), it goes on with what there is.
    const excess = (shelf.over ??= []);
    do {
      engine.encodeSome(HIDING_MS);
      shelf.held.push(...shelf.takeAll());
    } while (client.unencoded.length && tick() < until);
    shelf.over = undefined;
    const waiting = shelf.held.splice(0);
    // What is being compressed would not leave any more, and what is too much for the budget may be cancelled.
    for (const request of flying) {
      const { id, safe } = request;
      const stored = request === courier.leaving?.request;
      if (safe || !(courier.left || (safe === undefined && !stored))) continue;
      flying.delete(request);
      if (!stored) waiting.push(shelf.own(request));
      posted.get(id)?.([TAKEN_OVER, -1]);
      posted.delete(id);
    }
    const { keeps } = shelf;
    const room = (KEEPALIVE_BYTES - engine.reserved - (keeps ? 0 : LAST_WORDS_BYTES)) / (engine.coding?.growth ?? 1);
    const { now: first, rest } = divide(waiting, courier.stuck ? 0 : room, active()?.traceId);
    for (const parcel of first) void courier.send(parcel, true);
    const left = [...excess, ...shelf.stash(named(rest, now()))];
    // Should they be written after all, their names tell.
    shelf.stash([...shelf.writing]);
    if (keeps) shelf.write(left);
    else if (gone) {
      for (const [, { signal, items }] of left) ledger.lost(signal, 'page_closed', items);
      for (const last of shelf.takeAll()) void courier.send(last, true);
    } else shelf.hold(left.map(([, parcel]) => parcel));
    shelf.filled = true;
    if (document.visibilityState === 'hidden') courier.sweep();
    if (courier.left) courier.leave();
  };

  /** Takes the places that the engine has for us, for as long as there is a page. */
  const { record, pump, answered, sendFinal } = engine;
  let records = 0;
  engine.record = (one) => {
    record.call(engine, one);
    if (++records % SOME === 0) relieve();
  };
  engine.pump = () => {
    const instead = courier.on && courier.stuck;
    if (instead) shelf.spill(DUE);
    pump.call(engine);
    // Offline it does not ask when there will be more.
    if (instead) engine.arm(engine.answered(0, 0, -1, new Uint8Array()));
  };
  engine.answered = (id, status, pause, answer) => {
    // As a page goes, its requests end for the page only; the browser goes on with those that are left to it then.
    if (courier.left && !status && isOnline()) status = 200;
    const waits = posted.get(id);
    const due = answered.call(engine, waits ? 0 : id, status, pause, answer);
    if (posted.delete(id)) waits!([status, pause], answer);
    else if (id > 0) courier.outcome([status, pause]);
    return due;
  };
  engine.sendFinal = () => (courier.on ? leave() : sendFinal.call(engine));

  // What tells of losses has to be there when something is lost.
  engine.loadRare();
  const listen = (type: string, act: (event: Event) => void): void => globalThis.addEventListener?.(type, act, abort);
  listen('online', () => courier.resume());
  listen('offline', () => shelf.spill());
  // Another page leaves something; it may have gone on doing so for longer than this one took to start.
  listen('storage', (event) => {
    const { key, newValue } = event as StorageEvent;
    if (newValue && key?.startsWith(shelf.name) && !courier.stuck) courier.later(SOON_MS);
  });
  // The engine has heard of it before, but not what we have to know.
  listen('pagehide', (event) => {
    courier.left = true;
    gone = !(event as PageTransitionEvent).persisted;
    leave();
  });
  listen('pageshow', () => {
    // It comes for a page that has just been loaded, too.
    if (!courier.left) return;
    courier.left = gone = false;
    courier.restart();
  });
  void shelf.open().then(() => {
    // What is in `localStorage` was left there a moment ago, perhaps, and not all of it.
    shelf.filled = !names(shelf.name).length;
    if (shelf.filled) courier.sweep();
    else courier.later(SOON_MS);
  });

  return () => {
    courier.close();
    shelf.keep(shelf.held.splice(0));
  };
};
