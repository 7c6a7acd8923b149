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

/** Writes what fits; returns the others. */
export const stash = (name: string, entries: readonly Entry[]): Entry[] => {
  let room = MAX_BYTES;
  return entries.filter(([id, { signal, items, body }]) => {
    if ((room -= body.length) < 0) return true;
    try {
      let text = `${signal},${items},`;
      for (let at = 0; at < body.length; at += SOME) text += String.fromCharCode(...body.subarray(at, at + SOME));
      localStorage.setItem([name, ...id].join(' '), text);
      return false;
    } catch {
      return true;
    }
  });
};

/** Hands every entry to `move` and removes it when that has come to its end. */
export const unstash = async (name: string, move: (entry: Entry) => Promise<void>): Promise<void> => {
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(name + ' ')) continue;
    const [time, order] = key.slice(name.length + 1).split(' ').map(Number) as Id;
    const [, signal, items, bytes] = /^([012]),(\d+),([^]*)$/.exec(localStorage.getItem(key) ?? '') ?? [];
    if (time && order! >= 0 && bytes) await move([[time, order], { signal: +signal!, items: +items!, body: Uint8Array.from(bytes, (char) => char.charCodeAt(0)) }]);
    localStorage.removeItem(key);
  }
};
