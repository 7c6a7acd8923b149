/** What an answer means; the module has the same rules in Rust. */
import { expect, it } from 'vitest';
import { judge, rejected } from './ledger.js';

it('every status has its verdict', () => {
  for (let status = 0; status < 600; status++) {
    const later = [0, 429, 502, 503, 504].includes(status);
    expect(judge(status), String(status)).toBe(status >= 200 && status < 300 ? 'arrived' : later ? 'later' : 'refused');
  }
});

it('the number of rejected items is read, and nothing else is believed', () => {
  expect(rejected(new Uint8Array([0x0a, 0x02, 0x08, 0x03]))).toBe(3);
  expect(rejected(new Uint8Array([0x0a, 0x03, 0x08, 0x80, 0x01]))).toBe(128);
  for (const nothing of [[], [0x0a], [0x0a, 2, 8], [0x0a, 2, 8, 0xff], [123, 34, 125]]) expect(rejected(new Uint8Array(nothing))).toBe(0);
});
