import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { gzip, gzipNow } from './gzip.js';

const random = (length: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return bytes;
};
const text = (content: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(content);

const cases: [string, Uint8Array<ArrayBuffer>][] = [
  ['nothing', new Uint8Array()],
  ['one byte', text('a')],
  ['too short for a match', text('abc')],
  ['every byte', Uint8Array.from({ length: 256 }, (_, at) => at)],
  ['a run longer than any match', new Uint8Array(100_000)],
  ['what never repeats', random(200_000)],
  ['what repeats farther back than a match reaches', new Uint8Array([...text('here and not there'), ...random(40_000), ...text('here and not there')])],
  ['every length of a match', text(Array.from({ length: 130 }, (_, n) => 'x'.repeat(n) + String.fromCharCode(1000 + n)).join(''))],
  ['much alike', text(Array.from({ length: 5000 }, (_, n) => `{"name":"GET","url":"https://shop.example/items/${n}"}`).join())],
];

describe('gzip', () => {
  it.each(cases)('%s comes back, at once and by the platform', async (_name, content) => {
    expect(Buffer.from(gunzipSync(gzipNow(content))).equals(content)).toBe(true);
    expect(Buffer.from(gunzipSync(await gzip(content))).equals(content)).toBe(true);
  });

  it('shrinks what repeats to less than a tenth', () => {
    const [, alike] = cases.at(-1)!;
    expect(gzipNow(alike).length).toBeLessThan(alike.length / 10);
  });
});
