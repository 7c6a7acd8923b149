/** Dividing requests as the module writes them. */
import { expect, it } from 'vitest';
import { startBoth } from '../../test/support/collector.js';
import { decodeLogs, decodeSpans } from '../../test/support/otlp.js';
import { type Parcel, divide } from './divide.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const MAX_BODY = 48 * 1024;

/** What a page has recorded: 400 spans of about 300 bytes, one of a certain trace, errors, logs and a metric. */
const recorded = async (): Promise<Parcel[]> => {
  const [telemetry, collector] = await startBoth();
  const pad = 'x'.repeat(200);
  telemetry.startSpan('error', { parent: null }).fail('broken').end();
  telemetry.startSpan('current', { parent: { traceId: TRACE, spanId: '00f067aa0ba902b7', sampled: true } }).end();
  for (let i = 0; i < 400; i++) telemetry.startSpan(`span ${i}`, { parent: null, attributes: { pad } }).end();
  telemetry.log('warn', 'warning');
  telemetry.log('error', 'failure');
  telemetry.counter('clicks').add(1);
  await telemetry.flush();
  const parcels = collector.requests.map(({ path, body }) => {
    const signal = ['/v1/traces', '/v1/logs', '/v1/metrics'].indexOf(path);
    const items = signal === 0 ? decodeSpans(body).length : signal === 1 ? decodeLogs(body).length : 1;
    return { signal, items, body: new Uint8Array(body) };
  });
  // In the order of what was recorded, which requests on their way at the same time need not arrive in.
  const first = (parcel: Parcel): number => Number(/^span (\d+)/.exec(names([parcel])[0]!)?.[1] ?? -1);
  return parcels.sort((a, b) => a.signal - b.signal || first(a) - first(b));
};

const names = (parcels: Parcel[]): string[] =>
  parcels.flatMap(({ signal, body }) => (signal === 0 ? decodeSpans(body).map(({ name }) => name) : signal === 1 ? decodeLogs(body).map(({ body }) => String(body)) : ['metrics']));
const size = (parcels: Parcel[]): number => parcels.reduce((sum, { body }) => sum + body.length, 0);

it('errors come first, then the current trace, then the rest, and nothing is lost', async () => {
  const all = await recorded();
  for (const budget of [0, 500, 1200, 20_000, 60_000, 1e6]) {
    const { now, rest } = divide(all, budget, TRACE);
    expect(size(now)).toBeLessThanOrEqual(budget);
    for (const { body, items, signal } of [...now, ...rest]) {
      expect(body.length).toBeLessThanOrEqual(MAX_BODY);
      expect(signal === 2 ? 1 : names([{ signal, items, body }]).length).toBe(items);
    }
    expect([...names(now), ...names(rest)].sort()).toEqual(names(all).sort());
    if (budget > 1e5) expect(rest).toEqual([]);
    if (budget < 1e5 && budget >= 1200) {
      expect(names(now)).toEqual(expect.arrayContaining(['error', 'failure', 'current']));
      expect(names(now).filter((name) => name.startsWith('span')).length).toBeLessThan(400);
    }
  }
  // Nothing of the rest goes before an error, however little room there is.
  for (let budget = 100; budget < 3000; budget += 50) {
    const first = names(divide(all, budget, TRACE).now);
    if (first.some((name) => name.startsWith('span'))) expect(first).toEqual(expect.arrayContaining(['error', 'failure', 'current']));
  }
});

it('without a current trace that of the latest span is taken', async () => {
  const { now } = divide(await recorded(), 1500);
  expect(names(now)).toContain('span 399');
  expect(names(now)).not.toContain('span 398');
});

it('each request keeps its resource', async () => {
  const { now, rest } = divide(await recorded(), 30_000, TRACE);
  for (const { signal, body } of [...now, ...rest]) {
    if (signal === 0) for (const { resource } of decodeSpans(body)) expect(resource).toMatchObject({ 'service.name': 'test-page' });
  }
});

it('what cannot be read is passed on as it is', () => {
  const odd = [0, 1, 2].map((signal) => ({ signal, items: 3, body: new Uint8Array([0x0a, 0xff, 1, 2, 3]) }));
  expect(divide(odd, 100)).toEqual({ now: odd, rest: [] });
  expect(divide(odd, 0)).toEqual({ now: [], rest: odd });
});
