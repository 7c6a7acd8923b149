/**
 * What is left in the last moment of a page: in `localStorage`, which is written at once. A transaction of the database
 * that begins while a page is closed may be aborted with it. The next page that has its turn moves it to the database.
 */
import type { Parcel } from './divide.js';

/** At most this much of what `localStorage` holds, which is the application's: 5 MiB in most browsers. */
const MAX_BYTES = 1 << 20;
const SOME = 8192;

/** Names a request: when it was written, and a random number. */
export type Id = [time: number, order: number];

/** A request and its name. */
export type Entry = [id: Id, parcel: Parcel];

/** Gives names that keep the order. */
export const named = (parcels: readonly Parcel[], time: number): Entry[] => parcels.map((parcel, index) => [[time, index + Math.random()], parcel]);

/** Names of what is there. */
export const names = (name: string): string[] => {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(name + ' '));
  } catch {
    // Refused by the browser.
    return [];
  }
};

/**
 * Writes what fits and is not there yet; returns the others. `noted`: of these it is written that they should be in the
 * database, so that the next page can count what is not.
 */
export const stash = (name: string, entries: readonly Entry[], noted?: boolean): Entry[] => {
  let room = names(name).reduce((left, key) => left - (localStorage.getItem(key) ?? '').length, MAX_BYTES);
  return entries.filter(([id, { signal, items, body }]) => {
    const key = [name, ...id].join(' ');
    const fits = body.length <= room;
    try {
      if (localStorage.getItem(key)) return false;
      let text = `${signal},${items},`;
      for (let at = 0; fits && at < body.length; at += SOME) text += String.fromCharCode(...body.subarray(at, at + SOME));
      if (fits || noted) localStorage.setItem(key, text);
      room -= text.length;
      return !fits;
    } catch {
      return true;
    }
  });
};

/** Hands every entry to `move` and removes it when that has come to its end; one without a body is only noted. */
export const unstash = async (name: string, move: (entry: Entry) => Promise<void>): Promise<void> => {
  for (const key of names(name)) {
    const [time, order] = key.slice(name.length + 1).split(' ').map(Number) as Id;
    const [, signal, items, bytes] = /^([012]),(\d+),([^]*)$/.exec(localStorage.getItem(key) ?? '') ?? [];
    if (time && order! >= 0 && bytes !== undefined) await move([[time, order], { signal: +signal!, items: +items!, body: Uint8Array.from(bytes, (char) => char.charCodeAt(0)) }]);
    localStorage.removeItem(key);
  }
};
