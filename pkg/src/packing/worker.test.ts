import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { wasm } from '../../test/support/wasm.js';
import type { Core } from '../core/core.js';
import { createTelemetry } from '../core/create.js';
import { FrameWriter } from '../core/frame.js';
import { SpanImpl } from '../core/span.js';
import { type Lot, LotWriter } from './lot.js';
import type { Beginning, Order, Packed } from './messages.js';
import { pack } from './packer.js';

afterEach(() => vi.unstubAllGlobals());

/** What a page says first. */
const beginning = async (): Promise<Beginning> => {
  let first: Beginning | undefined;
  vi.stubGlobal(
    'Worker',
    class {
      postMessage(message: Beginning): void {
        first ??= message;
      }
      terminate(): void {}
    },
  );
  const telemetry = createTelemetry({ serviceName: 'test', endpoint: 'http://backend.example', wasm: wasm() });
  await telemetry.ready;
  const engine = (telemetry as unknown as Core).output.loaded!;
  pack(engine);
  engine.close();
  return first!;
};

const lotOf = (...pads: string[]): Lot => {
  const others = new FrameWriter();
  others.numbers = new Float64Array(8192);
  const lots = new LotWriter(others);
  for (const pad of pads) {
    const attributes = Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`pad${n}`, pad]));
    lots.add(new SpanImpl('a'.repeat(32), 'b'.repeat(16), true, undefined, 'span', { attributes }, () => {}));
  }
  return lots.close();
};

it('tells of each span that is too large once, and not of those that the page has taken back', async () => {
  const told: Packed[] = [];
  vi.stubGlobal('postMessage', (packed: Packed) => told.push(packed));
  onTestFinished(() => void Reflect.deleteProperty(globalThis, 'onmessage'));
  await import('./worker.js');
  const say = (data: Beginning | Order): void => (globalThis as unknown as { onmessage(event: object): void }).onmessage({ data });
  say(await beginning());
  const large = '€'.repeat(4096);
  say([1, lotOf('x', large), true]);
  await vi.waitUntil(() => told.length === 1);
  // One that is being compressed, and one that may still grow.
  say([2, lotOf(large), true]);
  say(0);
  say([3, lotOf(large), false]);
  say(0);
  say([4, lotOf('x', 'y', large, large), true]);
  await vi.waitUntil(() => told.length === 2);
  expect(told).toMatchObject([
    { from: 1, to: 1, items: 1, tooLarge: 1 },
    { from: 4, to: 4, items: 2, tooLarge: 2 },
  ]);
});
