// @vitest-environment happy-dom
import { beforeEach, expect, it } from 'vitest';
import type { Parcel } from './divide.js';
import { type Entry, named, stash, unstash } from './stash.js';

const parcel = (items: number, bytes: number): Parcel => ({ signal: items % 3, items, body: Uint8Array.from({ length: bytes }, (_, index) => index) });

beforeEach(() => localStorage.clear());

it('every byte comes back, once, under its name', async () => {
  localStorage.setItem('mine', 'untouched');
  const entries = named([parcel(1, 300), parcel(2, 20_000)], 1e12);
  expect(stash('store', entries)).toEqual([]);
  const found: Entry[] = [];
  await unstash('store', async (entry) => void found.push(entry));
  expect(found.sort(([a], [b]) => a[1] - b[1])).toEqual(entries);
  expect(localStorage.length).toBe(1);
});

it('what is too much is given back', () => {
  const entries = named([parcel(1, 900_000), parcel(2, 900_000)], 1e12);
  expect(stash('store', entries)).toEqual([entries[1]]);
});

it('what is there already takes no room again, and counts for all that there may be', () => {
  const entries = named([parcel(1, 600_000), parcel(2, 300_000), parcel(3, 300_000)], 1e12);
  const [first, second, third] = entries as [Entry, Entry, Entry];
  expect(stash('store', [first])).toEqual([]);
  expect(stash('store', [first, second])).toEqual([]);
  expect(stash('store', [first, second, third])).toEqual([third]);
});

it('what is too much may be noted, so that somebody can tell whether it is elsewhere', async () => {
  const [first, second] = named([parcel(1, 900_000), parcel(2, 900_000)], 1e12) as [Entry, Entry];
  expect(stash('store', [first, second], true)).toEqual([second]);
  const found: Entry[] = [];
  await unstash('store', async (entry) => void found.push(entry));
  const [id, { signal, items }] = second;
  expect(found.find(([[, order]]) => order === id[1])).toEqual([id, { signal, items, body: new Uint8Array() }]);
  expect(found.length).toBe(2);
});

it('what somebody else has written there is thrown away', async () => {
  for (const key of ['store 1 2', 'store x', 'store 1 3']) localStorage.setItem(key, key.endsWith('3') ? '0,1' : 'nonsense');
  await unstash('store', () => Promise.reject(new Error('nothing to move')));
  expect(localStorage.length).toBe(0);
});
