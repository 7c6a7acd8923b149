/** From recording to the backend, on the real module: the time before it is ready, and what can go wrong. */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { init } from '@aetherterm/telemetry';
import { id, samples } from '../src/core/ids.js';
import { retryAfter } from '../src/core/transport.js';
import { startBoth, startCollector, startTelemetry } from './support/collector.js';
import { until } from './support/until.js';
import { WASM, wasm } from './support/wasm.js';

const silenced = () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  return warn;
};

describe('before the module is ready', () => {
  it('spans, logs and measurements are kept, in order, with ids and headers that stay', async () => {
    const collector = await startCollector();
    let deliver!: (bytes: Uint8Array<ArrayBuffer>) => void;
    const telemetry = startTelemetry(collector, { wasm: new Promise((resolve) => (deliver = resolve)) });
    let header = '';
    const result = telemetry.span('early', (span) => {
      header = telemetry.headers()['b3']!;
      telemetry.log('warn', 'careful', { attributes: { n: 1 } });
      span.event('half way');
      return 'value';
    });
    telemetry.counter('clicks').add(2);
    expect(result).toBe('value');
    expect(telemetry.stats()).toMatchObject({ state: 'loading', queued: 3 });
    const flushed = telemetry.flush();
    deliver(wasm());
    expect(await telemetry.ready).toBe(true);
    await flushed;
    const [span] = collector.spans();
    expect(`${span!.traceId}-${span!.spanId}-1`).toBe(header);
    expect(span!.events).toMatchObject([{ name: 'half way' }]);
    expect(collector.logs()).toMatchObject([{ severity: 13, body: 'careful', traceId: span!.traceId, spanId: span!.spanId, attributes: { n: 1 } }]);
    expect(collector.metrics()).toMatchObject([{ name: 'clicks', value: 2 }]);
    expect(telemetry.stats()).toMatchObject({ state: 'ready', queued: 0, exported: { traces: 1, logs: 1, metrics: 1 }, dropped: {} });
  });

  it('what was too much is told as a metric once it is there', async () => {
    const collector = await startCollector();
    let deliver!: (bytes: Uint8Array<ArrayBuffer>) => void;
    const telemetry = startTelemetry(collector, { wasm: new Promise<Uint8Array<ArrayBuffer>>((resolve) => (deliver = resolve)), maxQueueBytes: 64 << 20 });
    telemetry.counter('clicks').add(1);
    for (let i = 0; i < 12_100; i++) telemetry.startSpan('flood').end();
    deliver(wasm());
    expect(await telemetry.ready).toBe(true);
    for (let i = 0; i < 2; i++) await telemetry.flush();
    const told = collector.metrics().filter(({ name }) => name === 'aether.telemetry.dropped');
    expect(told).toMatchObject([{ value: 101, unit: '{item}', attributes: { reason: 'not_loaded' } }]);
  });

  it('what is kept is bounded, and the excess counted', async () => {
    const collector = await startCollector();
    const telemetry = startTelemetry(collector, { wasm: new Promise(() => {}) as never });
    for (let i = 0; i < 13_000; i++) telemetry.startSpan('flood').end();
    expect(telemetry.stats()).toMatchObject({ queued: 12_000, dropped: { not_loaded: 1000 } });
    // It never loads, and nobody waits for it forever.
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const ended = telemetry.shutdown();
    await vi.runAllTimersAsync();
    await ended;
    expect(telemetry.stats()).toMatchObject({ state: 'off', queued: 0, dropped: { not_loaded: 13_000 } });
  });
});

describe('a module that cannot be used', () => {
  it.each([
    ['not WebAssembly', () => new Uint8Array([1, 2, 3])],
    ['another module', () => new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])],
    ['one that does not come', () => Promise.reject(new TypeError('blocked by the policy'))],
  ])('%s: off, said once, and the page goes on', async (_what, source) => {
    const warn = silenced();
    const collector = await startCollector();
    const telemetry = startTelemetry(collector, { wasm: source() as never });
    telemetry.startSpan('before').end();
    expect(await telemetry.ready).toBe(false);
    const header = telemetry.span('after', () => telemetry.headers()['b3']);
    expect(header).toMatch(/^[\da-f]{32}-[\da-f]{16}-1$/);
    telemetry.log('info', 'lost');
    await telemetry.flush();
    expect(telemetry.stats()).toMatchObject({ state: 'off', queued: 0, dropped: { not_loaded: 3 } });
    expect(warn.mock.calls.length).toBeLessThanOrEqual(1);
    expect(collector.requests).toEqual([]);
  });
});

describe('export', () => {
  it('sends protobuf, gzipped unless there is little, with the given headers, and the resource', async () => {
    const [telemetry, collector] = await startBoth({ headers: 'Authorization=Bearer%20x,x-tenant=7', serviceVersion: '3', resourceAttributes: { 'session.id': 's1' } });
    telemetry.startSpan('a', { attributes: { text: 'x'.repeat(2000) } }).end();
    await telemetry.flush();
    telemetry.startSpan('b').end();
    await telemetry.flush();
    expect(collector.requests).toMatchObject([
      { path: '/v1/traces', headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip', authorization: 'Bearer x', 'x-tenant': '7' } },
      { path: '/v1/traces', headers: { 'content-type': 'application/x-protobuf', 'x-tenant': '7' } },
    ]);
    // What fits into a packet is not worth it.
    expect(collector.requests[1]!.headers).not.toHaveProperty('content-encoding');
    expect(collector.spans()[0]!.resource).toMatchObject({ 'service.name': 'test-page', 'service.version': '3', 'session.id': 's1', 'telemetry.sdk.language': 'webjs' });
  });

  it('sends protobuf as it is where nothing can compress it', async () => {
    const [telemetry, collector] = await startBoth();
    vi.stubGlobal('CompressionStream', undefined);
    onTestFinished(() => void vi.unstubAllGlobals());
    telemetry.startSpan('plain').end();
    await telemetry.flush();
    expect(collector.requests).toMatchObject([{ path: '/v1/traces', headers: { 'content-type': 'application/x-protobuf' } }]);
    expect(collector.requests[0]!.headers).not.toHaveProperty('content-encoding');
    expect(collector.spans().map(({ name }) => name)).toEqual(['plain']);
    expect(telemetry.stats()).toMatchObject({ exported: { traces: 1 }, dropped: {} });
  });

  it('happens by itself, after the delay', async () => {
    const [telemetry, collector] = await startBoth({ scheduledDelayMs: 10 });
    telemetry.startSpan('a').end();
    await until(() => collector.spans().length === 1);
  });

  it('is over, for who flushes, when what left by itself is answered, too', async () => {
    const [telemetry, collector] = await startBoth({ scheduledDelayMs: 0 });
    const [idle] = await startBoth();
    let answer!: () => void;
    collector.pause = new Promise<void>((resolve) => (answer = resolve));
    telemetry.startSpan('a').end();
    await until(() => collector.spans().length === 1);
    let flushed = false;
    const flush = telemetry.flush().then(() => (flushed = true));
    // By when it would be over if nothing was on its way.
    await idle.flush();
    expect(flushed).toBe(false);
    answer();
    await flush;
    expect(telemetry.stats()).toMatchObject({ queued: 0, exported: { traces: 1 } });
  });

  it('is not over because the page is complete, but where the page has come back as it was', async () => {
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    onTestFinished(() => void vi.unstubAllGlobals());
    const [telemetry, collector] = await startBoth();
    let answer!: () => void;
    collector.pause = new Promise<void>((resolve) => (answer = resolve));
    onTestFinished(() => answer());
    telemetry.startSpan('a').end();
    void telemetry.flush();
    await until(() => collector.spans().length === 1);
    page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: false }));
    expect(telemetry.stats()).toMatchObject({ queued: 1, exported: { traces: 0 } });
    page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    expect(telemetry.stats()).toMatchObject({ queued: 0, exported: { traces: 1 } });
  });

  it('tries again what a busy backend has refused, and sends the same', async () => {
    const [telemetry, collector] = await startBoth({ scheduledDelayMs: 0 });
    const statuses = [503, 429, 200];
    collector.answer = () => ({ status: statuses.shift() ?? 200 });
    telemetry.startSpan('stubborn').end();
    await until(() => collector.spans().length === 1);
    expect(statuses).toEqual([]);
    await until(() => telemetry.stats().exported.traces === 1);
  });

  it('counts what is refused for good', async () => {
    const [telemetry, collector] = await startBoth();
    collector.answer = () => ({ status: 400 });
    telemetry.startSpan('bad').end();
    await telemetry.flush();
    expect(telemetry.stats()).toMatchObject({ queued: 0, dropped: { refused: 1 } });
  });

  it('counts what the backend has thrown away', async () => {
    const [telemetry, collector] = await startBoth();
    collector.answer = () => ({ status: 200, body: new Uint8Array([0x0a, 0x02, 0x08, 0x01]) });
    telemetry.startSpan('a').end();
    telemetry.startSpan('b').end();
    await telemetry.flush();
    expect(telemetry.stats()).toMatchObject({ exported: { traces: 1 }, dropped: { rejected: 1 } });
  });

  it('keeps what cannot be delivered', async () => {
    const collector = await startCollector();
    const telemetry = startTelemetry(collector, { endpoint: 'http://127.0.0.1:9' });
    await telemetry.ready;
    telemetry.startSpan('a').end();
    await telemetry.flush();
    expect(telemetry.stats()).toMatchObject({ queued: 1, exported: { traces: 0 }, dropped: {} });
  });

  it('survives every value an application may pass, cutting what is too long', async () => {
    const [telemetry, collector] = await startBoth();
    const nasty = { 'ü😀': '\u{1f600}é', nul: '\0', lone: '\ud800', huge: 'x'.repeat(1e6), nan: NaN, big: 2 ** 60, neg: -1, none: undefined, nil: null, list: ['a', 1, true], empty: [], object: { a: 1 } as never, bad: { toString: () => { throw new Error(); } } as never };
    telemetry.startSpan('n'.repeat(5000), { attributes: nasty }).set(Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`k${i}`, i]))).end();
    await telemetry.flush();
    for (let i = 0; i < 500; i++) telemetry.startSpan('grow', { attributes: { pad: 'y'.repeat(4000) } }).end();
    await telemetry.flush();
    const [first] = collector.spans();
    expect(first!.attributes).toMatchObject({ 'ü😀': '😀é', nul: '\0', lone: '\ufffd', nan: NaN, big: 2 ** 60, neg: -1, list: ['a', 1, true], empty: [], object: '[object Object]', bad: '' });
    expect(first!.name).toHaveLength(4096);
    expect(first!.attributes['huge']).toHaveLength(4096);
    expect(first!.attributes).not.toHaveProperty('none');
    const { exported, dropped } = telemetry.stats();
    expect(exported.traces + (dropped.queue_full ?? 0)).toBe(501);
  });

  it('does nothing when disabled', async () => {
    const telemetry = init({ serviceName: 'x', enabled: false });
    expect(telemetry.span('a', (span) => span.set({ b: 1 }) === span)).toBe(true);
    expect(telemetry.headers()).toEqual({});
    expect(await telemetry.ready).toBe(false);
    expect(telemetry.stats().state).toBe('disabled');
  });
});

describe('spans', () => {
  it('nest by the current context, across bind and with', async () => {
    const [telemetry, collector] = await startBoth();
    let later: () => void = () => {};
    telemetry.span('parent', { kind: 'server', attributes: { a: 1 } }, (parent) => {
      telemetry.span('child', () => {});
      later = telemetry.bind(() => telemetry.span('bound', () => {}));
      telemetry.with(undefined, () => telemetry.span('root', () => {}));
      expect(telemetry.active()).toBe(parent);
    });
    expect(telemetry.active()).toBeUndefined();
    later();
    await telemetry.flush();
    const spans = Object.fromEntries(collector.spans().map((span) => [span.name, span]));
    const { spanId, traceId } = spans['parent']!;
    expect(spans['child']).toMatchObject({ parentSpanId: spanId, traceId });
    expect(spans['bound']).toMatchObject({ parentSpanId: spanId, traceId });
    expect(spans['root']!.parentSpanId).toBe('');
    expect(spans['parent']).toMatchObject({ kind: 2, attributes: { a: 1 } });
  });

  it('end with the promise, and pass errors on', async () => {
    const [telemetry, collector] = await startBoth();
    await expect(telemetry.span('async', async () => 7)).resolves.toBe(7);
    await expect(telemetry.span('rejects', () => Promise.reject(new RangeError('no')))).rejects.toThrow('no');
    expect(() => telemetry.span('throws', () => { throw new TypeError('never'); })).toThrow('never');
    await telemetry.flush();
    const spans = Object.fromEntries(collector.spans().map((span) => [span.name, span]));
    expect(spans['async']!.status).toBe(0);
    expect(spans['rejects']).toMatchObject({ status: 2, message: 'no', attributes: { 'error.type': 'RangeError' } });
    expect(spans['throws']!.events).toMatchObject([{ name: 'exception', attributes: { 'exception.type': 'TypeError' } }]);
  });

  it('are sampled by ratio, by a decision that follows from the id', async () => {
    const telemetry = init({ serviceName: 'x', endpoint: 'http://127.0.0.1:9', sampleRatio: 0.3, instrumentFetch: false });
    onTestFinished(() => telemetry.shutdown());
    const spans = Array.from({ length: 4000 }, () => telemetry.startSpan('x'));
    for (const { traceId, sampled } of spans) expect(sampled, traceId).toBe(samples(traceId, 0.3));
    expect(spans.filter(({ sampled }) => sampled).length / 4000).toBeCloseTo(0.3, 1);
  });
});

describe('ids', () => {
  it('are distinct, of the right length, and never all zeros', () => {
    const ids = Array.from({ length: 5000 }, () => id(8));
    expect(new Set(ids).size).toBe(5000);
    for (const one of [...ids, id(16)]) expect(one).toMatch(/^(?!0+$)[\da-f]{16}([\da-f]{16})?$/);
    const zeros = vi.spyOn(crypto, 'getRandomValues').mockImplementationOnce((bytes) => {
      (bytes as Uint8Array).fill(0);
      return bytes;
    });
    for (let i = 0; i < 200; i++) expect(id(16)).not.toMatch(/^0+$/);
    zeros.mockRestore();
  });

  it('decide at the edges exactly', () => {
    for (const low of ['0000000000000000', '7fffffffffffffff', 'ffffffffffffffff']) {
      const traceId = '1'.repeat(16) + low;
      expect(samples(traceId, 1)).toBe(true);
      expect(samples(traceId, 7)).toBe(true);
      expect(samples(traceId, 0)).toBe(false);
      expect(samples(traceId, -1)).toBe(false);
      expect(samples(traceId, 0.5)).toBe(low < '8');
    }
  });
});

it('Retry-After is read as seconds or date', () => {
  expect(retryAfter('3')).toBe(3000);
  expect(retryAfter(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(58_000);
  for (const nothing of [null, '', 'soon', '-5']) expect(retryAfter(nothing)).toBe(-1);
});

it('the built module and package import nothing and touch nothing when only imported', () => {
  expect(WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(WASM)))).toEqual([]);
  for (const file of readdirSync(new URL('../dist/', import.meta.url)).filter((name) => name.endsWith('.js'))) {
    const source = readFileSync(new URL(`../dist/${file}`, import.meta.url), 'utf8');
    const imported = [...source.matchAll(/(?:^|[;}])(?:import|export)[^"]*?\bfrom"([^"]+)"|\bimport\("([^"]+)"\)/g)].map(([, a, b]) => a ?? b);
    const peer = { 'otel-api.js': '@opentelemetry/api', 'vite.js': 'magic-string' }[file] ?? 'vue';
    expect(imported.filter((name) => !name!.startsWith('./') && name !== peer), file).toEqual([]);
  }
});
