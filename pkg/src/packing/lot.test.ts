import { describe, expect, it } from 'vitest';
import { FrameWriter } from '../core/frame.js';
import { SpanImpl } from '../core/span.js';
import type { AttributeValue, Attributes, SpanContext, SpanOptions } from '../types.js';
import { LotWriter, unpack } from './lot.js';

interface Frame {
  text: string;
  numbers: number[];
}

const writer = (): FrameWriter => {
  const made = new FrameWriter();
  made.numbers = new Float64Array(8192);
  return made;
};

/** As the engine writes it. */
const direct = (span: SpanImpl): Frame => {
  const frame = writer();
  frame.record(span);
  return { text: frame.text, numbers: [...frame.numbers.subarray(0, frame.length)] };
};

const throughLots = (spans: readonly SpanImpl[]): Frame[] => {
  const lots = new LotWriter(writer());
  const frames: Frame[] = [];
  const close = (): void => unpack(structuredClone(lots.close()), (text, numbers) => frames.push({ text, numbers: [...numbers] }));
  for (const span of spans) {
    lots.add(span);
    if (lots.enough) close();
  }
  close();
  return frames;
};

const hex = (digit: string, length: number): string => digit.repeat(length);
const parent: SpanContext = { traceId: hex('a', 32), spanId: hex('b', 16), sampled: true };
let next = 0;
const span = (name: string, options: SpanOptions = {}, of: SpanContext | undefined = parent): SpanImpl => {
  const made = new SpanImpl(of?.traceId ?? hex('c', 32), (++next).toString(16).padStart(16, '0'), true, of, name, options, () => {});
  return made;
};
const values = (attributes: Attributes): SpanImpl => span('GET', { kind: 'client', attributes });
/** What nobody can write down. */
const nonsense = Symbol('s') as unknown as string;
const odd = { toString: () => 'odd' } as unknown as AttributeValue;

const spans: Record<string, () => SpanImpl[]> = {
  'one without anything': () => [span('a', {}, undefined)],
  'a trace': () => [span('root', {}, undefined), span('b'), span('c'), span('d', {}, { ...parent, spanId: hex('d', 16) }), span('e', {}, { ...parent, remote: true })],
  'the same attributes': () => [values({ a: 'x', b: 1, c: true }), values({ a: '', b: -1, c: false }), values({ a: 'z', b: 1.5, c: true })],
  'other attributes each time': () => [values({ a: 1 }), values({ b: 1 }), values({ a: 1, b: 2 }), values({}), values({ b: 2, a: 1 }), values({ a: 3 })],
  'values of all sizes': () => [values({ a: 0, b: 65535, c: 65536, d: -1, e: 2 ** 53, f: 0.1, h: NaN, i: Infinity, j: 1e300 })],
  'another type each time': () => [values({ a: 1 }), values({ a: 'one' }), values({ a: true }), values({ a: undefined }), values({ a: null }), values({ a: [1, 'b'] }), values({ a: odd })],
  'keys like numbers': () => [values({ 2: 'b', 1: 'a' }), values({ 1: 'a', 2: 'b' })],
  'text beyond ASCII': () => [span('Größe 😀', { attributes: { 'schlüssel': 'wért', '😀': '💡' } }), values({ 'schlüssel': 'x' })],
  'ids that are none': () => [span('a', {}, { traceId: 'x', spanId: 'y', sampled: true }), span('b', {}, { ...parent, spanId: '' })],
  'long text': () => [values({ a: 'x'.repeat(4096) }), values({ a: 'x'.repeat(5000) }), span('n'.repeat(5000)), values({ ['k'.repeat(5000)]: 1, a: 1 })],
  'much text': () => [values(Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, 'x'.repeat(1000)])))],
  'many attributes': () => [99, 100, 101, 128, 129, 500].map((count) => values(Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n])))),
  'events, links and a status': () => [values({ a: 1 }), span('b').event('e', { n: 1 }), span('c').link(parent, { l: 'x' }), span('d').fail('broken', 'why'), values({ a: 2 })],
  'what a limit has left out': () => [Object.assign(values({ a: 1 }), { droppedAttributes: 2 }), Object.assign(values({ a: 1 }), { droppedEvents: 3, droppedLinks: 4 })],
  'the same values': () => [values({ a: 'x', b: 1, c: true, d: 0.5, e: -1 }), values({ a: 'x', b: 1, c: true, d: 0.5, e: -1 }), values({ a: 'x', b: 2, c: true, d: NaN, e: NaN }), values({ z: 'x', b: 2 })],
  'the same values, and some missing': () => [values({ a: 'x', b: 1 }), values({ a: undefined, b: null }), values({ a: 'x', b: 1 }), values({ a: null, b: 1 })],
  'the same values around one of another kind': () => [values({ a: 'x', b: 1 }), values({ a: 'y', b: odd }), values({ a: 'y', b: 1 }), values({ a: 'x', b: [1] }), values({ a: 'x', b: 1 })],
  'the same long values': () => [4, 4, 3, 3].map((count) => values(Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'x'.repeat(4000)])))),
  'what cannot be written down': () => [
    values({ a: 'x' }),
    span(nonsense),
    values({ a: 'x', b: nonsense }),
    Object.assign(values({ a: 'y', c: 1 }), { start: 10n }),
    Object.assign(values({ a: 'y' }), { traceId: undefined }),
    Object.assign(values({ a: 'y' }), { attributes: null }),
    Object.assign(values({ a: 'y' }), { events: null }),
    values({ a: 'y' }),
  ],
  'more than one lot': () => Array.from({ length: 3000 }, (_, n) => values({ url: `https://shop.example/items/${n}`, n, half: n / 2, pad: 'p'.repeat(n % 300) })),
};

describe('a lot', () => {
  it.each(Object.entries(spans))('says of %s what the engine would have written', (_name, make) => {
    const all = make();
    for (const one of all) one.end();
    const before = structuredClone(all.map(direct));
    expect(throughLots(all)).toEqual(before);
  });

  it('is bounded, whatever its attributes are called', () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`k${n}`, n]));
    const named = (n: number): Attributes => Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`${n} ${at} ${'k'.repeat(1500)}`, at]));
    const lots = new LotWriter(writer());
    for (let n = 0; n < 1000 && !lots.enough; n++) for (const one of [many, { ['k'.repeat(1e6)]: n }, named(n)]) lots.add(values(one));
    const lot = lots.close();
    expect(JSON.stringify(lot.shapes).length).toBeLessThan(400_000);
    expect(lot.bytes).toBeGreaterThan(JSON.stringify(lot.shapes).length / 2);
  });

  it('begins anew when it is closed', () => {
    const lots = new LotWriter(writer());
    lots.add(values({ a: 1 }));
    lots.close();
    expect(lots.close()).toMatchObject({ text: '', spans: 0, shapes: [] });
  });
});
