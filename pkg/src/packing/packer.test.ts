/** The page's side, on the real module, with a worker that does its work at once and answers that the test gives. */
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { wasm } from '../../test/support/wasm.js';
import type { Core } from '../core/core.js';
import { createTelemetry } from '../core/create.js';
import type { Engine } from '../core/engine.js';
import type { BaseTelemetry } from '../types.js';
import type { Lot } from './lot.js';
import type { Packed } from './messages.js';
import { pack } from './packer.js';

/** Makes requests of nothing: of how many spans, is what matters. */
class Quick {
  onmessage!: (event: { data: Packed }) => void;
  private items = 0;
  private from = 0;
  postMessage(message: unknown): void {
    if (!Array.isArray(message)) return;
    const [id, { spans }, end] = message as [number, Lot, boolean];
    this.from ||= id;
    this.items += spans;
    if (!end) return;
    const data = { from: this.from, to: id, body: new Uint8Array(9), items: this.items, tooLarge: 0 };
    this.from = this.items = 0;
    requests.push(data.items);
    this.onmessage({ data });
  }
  terminate(): void {}
}
/** Spans of each request that was packed. */
let requests: number[];
let answers: ((response: Response) => void)[];
let page: EventTarget;

beforeEach(() => {
  requests = [];
  answers = [];
  page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('Worker', Quick);
  vi.stubGlobal('location', { origin: 'http://page.example', href: 'http://page.example/' });
  vi.stubGlobal('fetch', () => new Promise<Response>((resolve) => answers.push(resolve)));
});
afterEach(() => vi.unstubAllGlobals());

const engineOf = (telemetry: BaseTelemetry): Engine => (telemetry as unknown as Core).output.loaded!;
const start = async (scheduledDelayMs: number): Promise<BaseTelemetry> => {
  const telemetry = createTelemetry({ serviceName: 'test', scheduledDelayMs, wasm: wasm() });
  await telemetry.ready;
  const engine = engineOf(telemetry);
  pack(engine);
  onTestFinished(() => engine.close());
  return telemetry;
};
const record = (telemetry: BaseTelemetry, count: number): void => {
  for (let i = 0; i < count; i++) telemetry.startSpan('span', { parent: null }).end();
};
const shown = (persisted: boolean) => Object.assign(new Event('pageshow'), { persisted });

it('the longest of all pauses counts', async () => {
  const real = performance.now.bind(performance);
  let ahead = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead);
  onTestFinished(() => clock.mockRestore());
  const telemetry = await start(600_000);
  record(telemetry, 10);
  void telemetry.flush();
  record(telemetry, 10);
  void telemetry.flush();
  expect(requests).toEqual([10, 10]);
  await vi.waitUntil(() => answers.length === 2);
  const again = vi.spyOn(engineOf(telemetry), 'record');
  answers[0]!(new Response('', { status: 429, headers: { 'retry-after': '60' } }));
  await vi.waitUntil(() => again.mock.calls.length === 10);
  answers[1]!(new Response('', { status: 503 }));
  await vi.waitUntil(() => again.mock.calls.length === 20);
  const known = requests.length;
  const work = (after: number): number => {
    ahead = after;
    record(telemetry, 1500);
    void telemetry.flush();
    return requests.length - known;
  };
  // That of the second alone would be over.
  expect(work(30_000)).toBe(0);
  expect(work(70_000)).toBe(1);
});

it('however short the delay, it does not make a request of every few spans', async () => {
  const telemetry = await start(0);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  for (let i = 0; i < 20; i++) {
    record(telemetry, 3);
    vi.advanceTimersByTime(1);
  }
  expect(requests).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(requests).toEqual([60]);
});

it('that a page is complete says nothing about what is on its way; that it has come back does', async () => {
  const telemetry = await start(600_000);
  record(telemetry, 10);
  void telemetry.flush();
  await vi.waitUntil(() => answers.length === 1);
  page.dispatchEvent(shown(false));
  expect(telemetry.stats()).toMatchObject({ queued: 10, exported: { traces: 0 } });
  page.dispatchEvent(shown(true));
  expect(telemetry.stats()).toMatchObject({ queued: 0, exported: { traces: 10 } });
});

it('what nobody sends any more is still counted, and nothing hears of the page any more', async () => {
  const listening = new Set<unknown>();
  vi.stubGlobal('addEventListener', (type: string, act: () => void, options: { signal: AbortSignal }) => {
    listening.add(act);
    options.signal.addEventListener('abort', () => listening.delete(act));
    page.addEventListener(type, act, options);
  });
  const telemetry = await start(600_000);
  record(telemetry, 1500);
  expect(listening.size).toBeGreaterThan(2);
  engineOf(telemetry).close();
  expect(telemetry.stats().queued).toBe(1500);
  expect(listening.size).toBe(0);
});
