/** Much at once, and what is lost: encoded a little at a time, bounded, and every loss becomes a metric. */
import { expect, it } from 'vitest';
import { type Collector, startBoth } from './support/collector.js';
import { until } from './support/until.js';

const dropped = (collector: Collector) => collector.metrics().filter(({ name }) => name === 'aether.telemetry.dropped');

it('10 000 spans in one turn all arrive, and do not pile up on the way', async () => {
  const [telemetry, collector] = await startBoth();
  for (let i = 0; i < 10_000; i++) telemetry.startSpan(`burst ${i}`, { parent: null, attributes: { a: i, b: 'x'.repeat(100) } }).end();
  expect(telemetry.stats()).toMatchObject({ queued: 10_000, queuedBytes: 0 });
  let most = 0;
  collector.answer = () => {
    most = Math.max(most, telemetry.stats().queuedBytes);
    return { status: 200 };
  };
  await telemetry.flush();
  expect(new Set(collector.spans().map(({ name }) => name)).size).toBe(10_000);
  expect(telemetry.stats()).toMatchObject({ queued: 0, queuedBytes: 0, exported: { traces: 10_000 }, dropped: {} });
  expect(most).toBeLessThan(4 * 48 * 1024);
});

it('more than can wait is encoded at once, and what does not fit is counted', async () => {
  const [telemetry] = await startBoth({ maxQueueBytes: 1 << 16 });
  for (let i = 0; i < 14_000; i++) telemetry.startSpan('flood', { parent: null }).end();
  const { queued, queuedBytes, dropped } = telemetry.stats();
  expect(queued + dropped.queue_full!).toBe(14_000);
  expect(queuedBytes).toBeLessThanOrEqual(1 << 16);
});

it('a span is what it was when it ended, whenever it is encoded', async () => {
  const [telemetry, collector] = await startBoth();
  const given = { key: 'then' };
  const span = telemetry.startSpan('a', { attributes: given }).event('b', given);
  span.end();
  given.key = 'later';
  span.set({ more: 1 }).event('late').link({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), sampled: true }).fail('late').end();
  const counter = telemetry.counter('c');
  counter.add(1, given);
  given.key = 'even later';
  await telemetry.flush();
  expect(collector.spans()).toMatchObject([{ status: 0, attributes: { key: 'then' }, events: [{ attributes: { key: 'then' } }], links: [] }]);
  expect(collector.spans()[0]!.attributes).not.toHaveProperty('more');
  expect(collector.metrics()).toMatchObject([{ attributes: { key: 'later' } }]);
});

it('what was lost on this side is a metric, by itself and without anything else measured', async () => {
  const [telemetry, collector] = await startBoth({ metricsIntervalMs: 1000, scheduledDelayMs: 0 });
  telemetry.use({ name: 'busy', enable: (context) => context.rateLimited('logs') });
  const wide = Object.fromEntries([1, 2, 3, 4, 5].map((key) => [key, '€'.repeat(4096)]));
  telemetry.startSpan('too large', { attributes: wide }).end();
  telemetry.startSpan('fits').end();
  await until(() => dropped(collector).length === 2);
  expect(dropped(collector)).toMatchObject([
    { attributes: { signal: 'traces', reason: 'too_large' }, value: 1 },
    { attributes: { signal: 'logs', reason: 'rate_limited' }, value: 1 },
  ]);
  expect(telemetry.stats().dropped).toEqual({ too_large: 1, rate_limited: 1 });
});

it('a queue that was full while the backend was away is told of when it is back', async () => {
  const [telemetry, collector] = await startBoth({ metricsIntervalMs: 1000, scheduledDelayMs: 0, maxQueueBytes: 1 << 16 });
  let away = true;
  collector.answer = () => ({ status: away ? 503 : 200 });
  telemetry.startSpan('first').end();
  await telemetry.flush();
  for (let i = 0; i < 100; i++) telemetry.startSpan('lost', { attributes: { pad: 'x'.repeat(3000) } }).end();
  await telemetry.flush();
  const lost = telemetry.stats().dropped.queue_full!;
  expect(lost).toBeGreaterThan(0);
  away = false;
  await until(() => dropped(collector).length > 0);
  expect(dropped(collector).reduce((sum, { value }) => sum + value, 0)).toBeGreaterThanOrEqual(lost);
});

it('where metrics are refused that is not told of by further metrics', async () => {
  const [telemetry, collector] = await startBoth();
  let asked = 0;
  collector.answer = ({ path }) => ({ status: path === '/v1/metrics' ? (asked++, 404) : 400 });
  telemetry.startSpan('refused').end();
  await telemetry.flush();
  await telemetry.flush();
  expect(asked).toBe(1);
  await telemetry.flush();
  await telemetry.flush();
  expect(asked).toBe(1);
  expect(telemetry.stats().dropped).toEqual({ refused: 2 });
});
