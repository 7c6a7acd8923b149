import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import type { Engine } from '../core/engine.js';
import type { Batch } from './lot.js';
import { KEEPALIVE_BYTES, Outbox, type Settled } from './outbox.js';

const batch = (items: number): Batch => ({ lots: [], items });
const large = new Uint8Array(KEEPALIVE_BYTES);
const settled = vi.fn<Settled>();

/** With an engine whose requests are answered one after the other, when the test says so. */
const start = () => {
  const answers: ((response: Response) => void)[] = [];
  const engine = { reserved: 0, urls: ['http://backend.example/v1/traces'], headers: {}, fetch: () => new Promise<Response>((resolve) => answers.push(resolve)), record: vi.fn() };
  return { engine, answers, outbox: new Outbox(engine as unknown as Engine, settled) };
};

beforeEach(() => void vi.stubGlobal('location', { origin: 'http://page.example' }));
afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetAllMocks();
});

it('what was on its way when the page was put aside is delivered, and gives its room back', async () => {
  const { engine, answers, outbox } = start();
  outbox.add(large, batch(3));
  outbox.add(large, batch(4));
  expect(engine.reserved).toBe(KEEPALIVE_BYTES);
  expect(answers).toHaveLength(1);
  outbox.restored();
  expect(outbox.exported).toBe(3);
  // The other has left only now.
  expect(answers).toHaveLength(2);
  expect(engine.reserved).toBe(KEEPALIVE_BYTES);
  // Should it be answered after all, that is nothing new.
  answers[0]!(new Response('', { status: 503 }));
  answers[1]!(new Response());
  await vi.waitUntil(() => engine.reserved === 0);
  expect(outbox.exported).toBe(7);
  expect(settled.mock.calls).toEqual([
    [[], undefined],
    [[], undefined],
  ]);
});

it('what a worker sends and never speaks of again has failed', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { outbox } = start();
  outbox.watch(1, batch(3));
  outbox.answer({ of: 1, status: 200, pause: -1, answer: new Uint8Array() });
  vi.advanceTimersByTime(1000);
  // The next worker counts from the beginning.
  outbox.watch(1, batch(4));
  vi.advanceTimersByTime(14_999);
  expect(settled.mock.calls).toEqual([[[], undefined]]);
  vi.advanceTimersByTime(1);
  expect(settled.mock.calls[1]).toMatchObject([[], { status: 0 }]);
  expect(outbox.exported).toBe(3);
  expect(outbox.lots).toEqual([]);
});
