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

it('what somebody else has written there is thrown away', async () => {
  for (const key of ['store 1 2', 'store x', 'store 1 3']) localStorage.setItem(key, key.endsWith('3') ? '0,1,' : 'nonsense');
  await unstash('store', () => Promise.reject(new Error('nothing to move')));
  expect(localStorage.length).toBe(0);
});
