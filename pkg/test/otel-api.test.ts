// @vitest-environment happy-dom
/** Code written for `@opentelemetry/api`, and an instrumentation of OpenTelemetry's own, on this client. */
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  context,
  createContextKey,
  defaultTextMapGetter,
  defaultTextMapSetter,
  SeverityNumber,
  logs,
  metrics,
  propagation,
  trace,
} from '@opentelemetry/api';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { FetchInstrumentation } from '@opentelemetry/instrumentation-fetch';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type OpenTelemetryApiOptions, registerOpenTelemetryApi } from '@aetherterm/telemetry/otel-api';
import type { Telemetry } from '@aetherterm/telemetry';
import { type Collector, startBoth } from './support/collector.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const page = (window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM;

const start = async (options?: OpenTelemetryApiOptions): Promise<[Telemetry, Collector, () => void]> => {
  const [telemetry, collector] = await startBoth();
  // Across origins, a page's `fetch` would ask first.
  page.setURL(`${collector.url}/`);
  const undo = registerOpenTelemetryApi(telemetry, options);
  onTestFinished(undo);
  return [telemetry, collector, undo];
};

const exported = async (telemetry: Telemetry, collector: Collector) => {
  await telemetry.flush();
  return Object.fromEntries(collector.spans().map((span) => [span.name, span]));
};

it('records all that a span can be told', async () => {
  const [telemetry, collector] = await start();
  const tracer = trace.getTracer('shop', '1.2');
  const other = { traceId: TRACE, spanId: SPAN, traceFlags: 1 };
  const begin = 1_700_000_000_000;
  const span = tracer.startSpan('first name', { kind: SpanKind.CLIENT, startTime: new Date(begin), attributes: { a: 1 }, links: [{ context: other }] });
  expect(span.isRecording()).toBe(true);
  span.setAttribute('b', 'two').setAttributes({ c: [true, null], d: 0.5 }).addEvent('plain').addEvent('full', { e: 1 }, [1_700_000_000, 5_000_000]);
  span.addLink({ context: other, attributes: { f: 1 } }).addLinks([{ context: other }]);
  span.updateName('last name').recordException(new TypeError('gone'));
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'failed' });
  span.end(begin + 250);
  span.setAttribute('late', 1).updateName('late').end();
  expect(span.isRecording()).toBe(false);
  tracer.startSpan('fine', { root: true }).setStatus({ code: SpanStatusCode.OK }).setStatus({ code: SpanStatusCode.ERROR }).end();

  const at = performance.now();
  tracer.startSpan('by the other clock', { startTime: at }).end(at + 0.5);

  const spans = await exported(telemetry, collector);
  expect(Math.abs(Number(spans['by the other clock']!.start / 1_000_000n) - (performance.timeOrigin + at))).toBeLessThan(2000);
  expect(spans['fine']!.status).toBe(1);
  expect(spans['last name']).toMatchObject({
    ...{ traceId: span.spanContext().traceId, spanId: span.spanContext().spanId, kind: 3, status: 2, message: 'failed' },
    attributes: { a: 1, b: 'two', c: [true], d: 0.5, 'otel.scope.name': 'shop', 'otel.scope.version': '1.2' },
    events: [{ name: 'plain' }, { name: 'full', attributes: { e: 1 } }, { name: 'exception', attributes: { 'exception.message': 'gone' } }],
    links: [other, other, other].map(({ traceId, spanId }) => ({ traceId, spanId })),
  });
  expect(spans['last name']!.attributes).not.toHaveProperty('late');
  expect([spans['last name']!.start, spans['last name']!.end].map((time) => Number(time / 1_000_000n) - begin)).toEqual([0, 250]);
});

it('shares one current context with the client, which is bound on both sides', async () => {
  const [telemetry, collector] = await start();
  const tracer = trace.getTracer('shop');
  const key = createContextKey('user');
  expect(context.active()).toBe(ROOT_CONTEXT);
  let later = (): void => {};
  const result = telemetry.span('own outer', (own) => {
    expect(trace.getActiveSpan()?.spanContext()).toMatchObject({ traceId: own.traceId, spanId: own.spanId });
    trace.getActiveSpan()!.setAttribute('from', 'the api');
    return tracer.startActiveSpan('middle', { kind: SpanKind.PRODUCER }, (middle) => {
      expect(trace.getActiveSpan()).toBe(middle);
      expect(telemetry.active()).toMatchObject({ spanId: middle.spanContext().spanId });
      context.with(context.active().setValue(key, 'ada'), () => {
        later = telemetry.bind(() => {
          expect(context.active().getValue(key)).toBe('ada');
          telemetry.span('own inner', () => tracer.startSpan('innermost').end());
        });
      });
      middle.end();
      return 'result';
    });
  });
  expect(result).toBe('result');
  expect(context.active()).toBe(ROOT_CONTEXT);
  later();
  context.bind(trace.setSpan(ROOT_CONTEXT, tracer.startSpan('bound')), () => telemetry.startSpan('in bound').end())();
  expect(() => tracer.startActiveSpan('throws', () => { throw new Error('mine'); })).toThrow('mine');
  expect(context.active()).toBe(ROOT_CONTEXT);

  const spans = await exported(telemetry, collector);
  expect(spans['own outer']!.attributes).toMatchObject({ from: 'the api' });
  expect(spans['middle']).toMatchObject({ kind: 4, parentSpanId: spans['own outer']!.spanId });
  expect(spans['own inner']!.parentSpanId).toBe(spans['middle']!.spanId);
  expect(spans['innermost']!.parentSpanId).toBe(spans['own inner']!.spanId);
  expect(spans['in bound']!.parentSpanId).not.toBe('');
  expect(new Set(['own outer', 'middle', 'own inner', 'innermost'].map((name) => spans[name]!.traceId)).size).toBe(1);
});

it.each([
  [{ b3: `${TRACE}-${SPAN}-1` }, { b3: `${TRACE}-${SPAN}-1` }],
  [{ b3: `${TRACE}-${SPAN}-d` }, { b3: `${TRACE}-${SPAN}-d` }],
  [{ b3: `${TRACE}-${SPAN}` }, { b3: `${TRACE}-${SPAN}-1` }],
  [{ traceparent: `00-${TRACE}-${SPAN}-00` }, { b3: `${TRACE}-${SPAN}-0` }],
  [{ b3: 'nonsense', traceparent: `00-${TRACE}-${SPAN}-01` }, { b3: `${TRACE}-${SPAN}-1` }],
  [{ b3: '0' }, {}],
  [{}, {}],
])('passes %o on as %o', async (incoming, outgoing) => {
  await start();
  const carrier: Record<string, string> = {};
  propagation.inject(propagation.extract(ROOT_CONTEXT, incoming, defaultTextMapGetter), carrier, defaultTextMapSetter);
  expect(carrier).toEqual(outgoing);
  expect(propagation.fields()).toEqual(['b3']);
});

it('writes W3C headers, too, if asked to, and continues what comes', async () => {
  const [telemetry, collector] = await start({ propagators: ['b3', 'tracecontext'] });
  const incoming = propagation.extract(ROOT_CONTEXT, { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'vendor=1' });
  const span = trace.getTracer('shop').startSpan('continued', {}, incoming);
  const carrier: Record<string, string> = {};
  propagation.inject(trace.setSpan(ROOT_CONTEXT, span), carrier);
  span.end();
  const { spanId } = span.spanContext();
  expect(carrier).toEqual({ b3: `${TRACE}-${spanId}-1`, traceparent: `00-${TRACE}-${spanId}-01`, tracestate: 'vendor=1' });
  expect((await exported(telemetry, collector))['continued']).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, flags: 0x301 });
});

/** What knows gauges is loaded with the first instrument that needs it. */
const gauges = async (telemetry: Telemetry, collector: Collector): Promise<void> => {
  metrics.getMeter('first').createGauge('first').record(1);
  await vi.waitFor(async () => {
    await telemetry.flush();
    expect(collector.metrics().find(({ name }) => name === 'first')).toMatchObject({ value: 1, gauge: true });
  });
};

it('measures with every instrument there is', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const [telemetry, collector] = await start();
  const meter = metrics.getMeter('shop');
  await gauges(telemetry, collector);
  const orders = meter.createCounter('orders', { unit: '{order}' });
  const open = meter.createUpDownCounter('open', { unit: '{cart}' });
  let seen = 10;
  const bytes = meter.createObservableCounter('bytes', { unit: 'By' });
  const heap = meter.createObservableGauge('heap');
  const items = meter.createObservableUpDownCounter('items');
  const observe = (result: { observe(value: number, attributes?: object): void }): void => result.observe(seen, { kind: 'in' });
  bytes.addCallback(observe);
  meter.createObservableGauge('broken').addCallback(() => { throw new Error('mine'); });
  meter.createObservableGauge('slow').addCallback(async (result) => result.observe(await Promise.resolve(5)));
  const both = (result: { observe(metric: typeof heap, value: number): void }): void => {
    result.observe(heap, seen * 2);
    result.observe(items, -seen);
    result.observe(bytes, 1e9);
  };
  meter.addBatchObservableCallback(both, [heap, items]);
  const latest = async () => {
    const before = collector.metrics().length;
    await telemetry.flush();
    return Object.fromEntries(collector.metrics().slice(before).map(({ attributes: { 'otel.scope.name': scope, ...attributes }, ...point }) => [point.name, { ...point, attributes, scope }]));
  };

  orders.add(2, { kind: 'book' });
  orders.add(-1, { kind: 'book' });
  orders.add(NaN);
  meter.createHistogram('wait', { unit: 's' }).record(0.2);
  meter.createGauge('depth').record(4, { pool: 'a' });
  meter.createGauge('depth').record(3, { pool: 'a' });
  open.add(3);
  meter.createUpDownCounter('open', { unit: '{cart}' }).add(-1);
  const points = await latest();
  const scope = 'shop';
  expect(points).toMatchObject({
    orders: { value: 2, unit: '{order}', attributes: { kind: 'book' }, temporality: 'delta', monotonic: true, scope },
    wait: { value: 1, sum: 0.2 },
    depth: { value: 3, attributes: { pool: 'a' }, gauge: true, scope },
    open: { value: 2, unit: '{cart}', temporality: 'cumulative', monotonic: false, scope },
    bytes: { value: 10, unit: 'By', attributes: { kind: 'in' }, temporality: 'delta', monotonic: true },
    heap: { value: 20, gauge: true },
    items: { value: -10, temporality: 'cumulative', monotonic: false },
  });
  expect(warn.mock.calls.join()).toContain('the callback of "broken" failed: Error: mine');

  seen = 25;
  open.add(-5);
  // What is observed grows by 15; nothing was recorded on the others since.
  const next = await latest();
  expect(next).toMatchObject({ bytes: { value: 15 }, heap: { value: 50 }, items: { value: -25 }, open: { value: -3 }, slow: { value: 5, gauge: true } });
  for (const name of ['orders', 'wait', 'depth', 'broken']) expect(next).not.toHaveProperty(name);

  bytes.removeCallback(observe);
  meter.removeBatchObservableCallback(both, [heap, items]);
  const last = await latest();
  for (const name of ['bytes', 'heap', 'items', 'open']) expect(last).not.toHaveProperty(name);
});

it('bounds the series of an instrument', async () => {
  const [telemetry, collector] = await start();
  await gauges(telemetry, collector);
  const open = metrics.getMeter('shop').createUpDownCounter('open');
  for (let user = 0; user < 300; user++) open.add(1, { user });
  await telemetry.flush();
  const points = collector.metrics().filter(({ name }) => name === 'open');
  expect(points).toHaveLength(201);
  expect(points.find(({ attributes }) => attributes['otel.metric.overflow'])).toMatchObject({ value: 100 });
});

it('histograms have the buckets that were advised, if they can be', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const [telemetry, collector] = await start();
  const meter = metrics.getMeter('shop');
  const advise = (...explicitBucketBoundaries: number[]) => ({ unit: 's', advice: { explicitBucketBoundaries } });
  const sizes = meter.createHistogram('sizes', advise(1, 2.5, 10));
  for (const value of [0, 1, 2, 10, 11, 12]) sizes.record(value);
  meter.createHistogram('one', advise()).record(3);
  meter.createHistogram('wrong', advise(2, 2)).record(3);
  meter.createHistogram('endless', advise(1, Infinity)).record(3);
  // As many as there may be, in more series than one message holds.
  const many = meter.createHistogram('many', advise(...Array.from({ length: 200 }, (_, index) => index)));
  for (let i = 0; i < 20; i++) many.record(i, { i });
  await telemetry.flush();
  const found = (name: string) => collector.metrics().filter((point) => point.name === name);
  expect(found('sizes')).toMatchObject([{ unit: 's', value: 6, sum: 36, bounds: [1, 2.5, 10], buckets: [2, 1, 1, 2], attributes: { 'otel.scope.name': 'shop' } }]);
  expect(found('one')).toMatchObject([{ value: 1, bounds: [], buckets: [1] }]);
  for (const name of ['wrong', 'endless']) {
    expect(found(name)[0]!.bounds).toContain(0.005);
    expect(warn.mock.calls.join()).toContain(`"${name}"`);
  }
  const points = found('many').sort((a, b) => a.sum! - b.sum!);
  expect(points.map(({ sum }) => sum)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  for (const [i, { bounds, buckets }] of points.entries()) expect([bounds!.length, buckets!.length, buckets!.indexOf(1)]).toEqual([200, 201, i]);
  expect(telemetry.stats().dropped).toEqual({});
});

it('records logs, in the context that is current', async () => {
  const [telemetry, collector] = await start();
  const logger = logs.getLogger('shop', '1.2');
  expect(logger.enabled()).toBe(true);
  telemetry.setRoute('/cart');
  const span = telemetry.startSpan('checkout');
  telemetry.with(span, () => logger.emit({ body: 'paid', severityNumber: SeverityNumber.INFO2, eventName: 'shop.paid', timestamp: 1_700_000_000_000, attributes: { amount: 3, basket: { books: 2 } } }));
  logger.emit({ body: { nested: [1] }, severityNumber: SeverityNumber.ERROR, severityText: 'bad', exception: new RangeError('gone'), context: ROOT_CONTEXT });
  logger.emit({});
  await telemetry.flush();
  expect(collector.logs()).toMatchObject([
    { body: 'paid', severity: 10, eventName: 'shop.paid', traceId: span.traceId, spanId: span.spanId, attributes: { amount: 3, basket: '{"books":2}', 'aether.route': '/cart', 'otel.scope.name': 'shop', 'otel.scope.version': '1.2' } },
    { body: '{"nested":[1]}', severity: 17, traceId: '', attributes: { 'exception.type': 'RangeError', 'exception.message': 'gone' } },
    { severity: 0 },
  ]);
});

it('takes the API for logs of the older package, which returns the provider', async () => {
  let provider: { getLogger(name: string): { emit(record: object): void } } | undefined;
  const disable = vi.fn(() => (provider = undefined));
  const warn = vi.spyOn(console, 'warn');
  const [telemetry, collector, undo] = await start({ logs: { setGlobalLoggerProvider: (given) => (provider = given), disable } });
  provider!.getLogger('old').emit({ body: 'hello' });
  await telemetry.flush();
  expect(collector.logs()).toMatchObject([{ body: 'hello' }]);
  undo();
  expect(disable).toHaveBeenCalledOnce();
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

it.each([
  [{ 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' }, { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' }],
  [{ 'x-b3-traceid': TRACE.slice(16), 'x-b3-spanid': SPAN, 'x-b3-sampled': '0' }, { 'x-b3-traceid': TRACE.slice(16).padStart(32, '0'), 'x-b3-spanid': SPAN, 'x-b3-sampled': '0' }],
  [{ 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-flags': '1' }, { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-flags': '1' }],
  [{ 'x-b3-traceid': 'nonsense', 'x-b3-spanid': SPAN }, {}],
  [{ baggage: 'user=ada%20l;secret=no , n=1,bad%=x,=y,,z' }, { baggage: 'user=ada%20l;secret=no,n=1' }],
  [{ baggage: 'user=ada', b3: `${TRACE}-${SPAN}-1` }, { baggage: 'user=ada', 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' }],
])('passes %o on as %o, in several headers and with baggage', async (incoming, outgoing) => {
  await start({ propagators: ['b3multi', 'baggage'] });
  const carrier: Record<string, string> = {};
  propagation.inject(propagation.extract(ROOT_CONTEXT, incoming, defaultTextMapGetter), carrier, defaultTextMapSetter);
  expect(carrier).toEqual(outgoing);
});

it('bounds the baggage that goes out', async () => {
  await start({ propagators: ['baggage'] });
  const baggage = propagation.createBaggage(Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`key${n}`, { value: 'v'.repeat(n === 1 ? 9000 : 100) }])));
  const carrier: Record<string, string> = {};
  propagation.inject(propagation.setBaggage(ROOT_CONTEXT, baggage), carrier, defaultTextMapSetter);
  expect(carrier['baggage']!.length).toBeLessThanOrEqual(8192);
  expect(carrier['baggage']).toMatch(/^key0=v+,key2=v+,/);
});

it("runs OpenTelemetry's own instrumentation of fetch unchanged", async () => {
  const [telemetry, collector] = await start();
  const unregister = registerInstrumentations({ instrumentations: [new FetchInstrumentation()] });
  onTestFinished(unregister);
  const answer = await telemetry.span('checkout', () => fetch(`${collector.url}/api/orders`, { method: 'POST', body: '{}' }));
  expect(answer.status).toBe(200);
  let spans: Awaited<ReturnType<typeof exported>> = {};
  // It ends its spans some time after the response.
  await vi.waitFor(async () => {
    spans = await exported(telemetry, collector);
    expect(Object.values(spans).find(({ kind }) => kind === 3)).toBeDefined();
  });
  const request = Object.values(spans).find(({ kind }) => kind === 3)!;
  expect(request.parentSpanId).toBe(spans['checkout']!.spanId);
  expect(request.attributes['otel.scope.name']).toBe('@opentelemetry/instrumentation-fetch');
  expect(collector.requests.find(({ path }) => path === '/api/orders')!.headers['b3']).toBe(`${request.traceId}-${request.spanId}-1`);
});

it('takes everything back, and leaves another SDK where it is', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const [telemetry, collector, undo] = await start();
  const kept = trace.getTracer('kept');
  registerOpenTelemetryApi(telemetry)();
  expect(warn).toHaveBeenCalled();
  expect(kept.startSpan('still').isRecording()).toBe(true);
  undo();
  expect(kept.startSpan('kept').isRecording()).toBe(false);
  expect(trace.getTracer('new').startSpan('new').isRecording()).toBe(false);
  const carrier = {};
  propagation.inject(propagation.extract(ROOT_CONTEXT, { b3: `${TRACE}-${SPAN}-1` }), carrier);
  expect(carrier).toEqual({});
  expect(await exported(telemetry, collector)).toEqual({});
});
