/** OTLP/JSON: what the module has written as protobuf, field by field as the specification has it for JSON. */
import { expect, it } from 'vitest';
import { fromJson, toJson } from '../src/core/json.js';
import { startBoth } from './support/collector.js';
import { decodeLogs, decodeMetrics, decodeSpans } from './support/otlp.js';

const PARENT = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sampled: true, remote: true };
const ODD = { text: 'ü"\\\u0000 😀', empty: '', yes: true, no: false, int: 42, negative: -42, large: Number.MAX_SAFE_INTEGER, real: 0.1, none: NaN, much: -Infinity, list: ['a', 1, false], nothing: [] as string[] };

type Telemetry = Awaited<ReturnType<typeof startBoth>>[0];

/** Everything there is, so that every field is written. */
const recordAll = (telemetry: Telemetry): void => {
  const span = telemetry.startSpan('all', { kind: 'client', parent: PARENT, attributes: ODD, links: [PARENT], startTime: 1_800_000_000_000.25 });
  for (let i = 0; i < 130; i++) span.event(`event ${i}`, { i }, 1_800_000_000_001);
  span.link(PARENT, { why: 'again' }).fail('TypeError', 'broken').end(1_800_000_000_002);
  telemetry.startSpan('root', { parent: null }).end();
  telemetry.log('error', 'body', { attributes: ODD, eventName: 'event', context: PARENT, time: 1_800_000_000_000 });
  telemetry.log('trace', '', { context: null });
  telemetry.counter('clicks', '{click}').add(2.5, ODD);
  telemetry.histogram('duration', 's').record(0.2);
  telemetry.histogram('size', 'By').record(20_000, { path: '/' });
};

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- JSON of other people's shape
type Json = any;
const value = (any: Json): unknown => {
  const [[kind, content]] = Object.entries<Json>(any) as [[string, Json]];
  if (kind === 'intValue') {
    expect(content).toBeTypeOf('string');
    return Number(content);
  }
  if (kind === 'doubleValue') return Number(content);
  return kind === 'arrayValue' ? content.values.map(value) : content;
};
const attributes = (list: Json[] = []): Record<string, unknown> => Object.fromEntries(list.map(({ key, value: one }) => [key, value(one)]));
const records = (request: Json, resource: string, scope: string, name: string): Json[] => request[resource].flatMap((group: Json) => group[scope].flatMap((one: Json) => one[name]));

it('says of spans, logs and metrics what protobuf says', async () => {
  const [telemetry, collector] = await startBoth();
  recordAll(telemetry);
  await telemetry.flush();
  const request = (path: string): [body: Uint8Array, json: Json] => {
    const { body } = collector.requests.find((one) => one.path === path)!;
    return [body, JSON.parse(toJson({ signal: ['/v1/traces', '/v1/logs', '/v1/metrics'].indexOf(path), body: new Uint8Array(body) }))];
  };
  const [traces, spans] = request('/v1/traces');
  for (const [index, span] of records(spans, 'resourceSpans', 'scopeSpans', 'spans').entries()) {
    const expected = decodeSpans(traces)[index]!;
    expect(span).toMatchObject({ traceId: expected.traceId, spanId: expected.spanId, name: expected.name, kind: expected.kind, flags: expected.flags });
    expect(span.parentSpanId ?? '').toBe(expected.parentSpanId);
    expect([span.startTimeUnixNano, span.endTimeUnixNano]).toEqual([String(expected.start), String(expected.end)]);
    expect(attributes(span.attributes)).toEqual(expected.attributes);
    expect((span.events ?? []).map((one: Json) => ({ name: one.name, attributes: attributes(one.attributes) }))).toEqual(expected.events.map(({ name, attributes }) => ({ name, attributes })));
    expect((span.links ?? []).map(({ traceId, spanId }: Json) => ({ traceId, spanId }))).toEqual(expected.links.map(({ traceId, spanId }) => ({ traceId, spanId })));
    expect(span.status ?? {}).toEqual(expected.status ? { code: expected.status, message: expected.message } : {});
    expect(span.droppedEventsCount ?? 0).toBe(expected.dropped.events);
  }
  expect(attributes(spans.resourceSpans[0].resource.attributes)).toEqual(decodeSpans(traces)[0]!.resource);
  expect(spans.resourceSpans[0].scopeSpans[0].scope).toMatchObject({ name: '@aetherterm/telemetry', version: expect.any(String) });
  // Two that are no numbers, and a list of nothing, as JSON has them.
  const odd = Object.fromEntries(records(spans, 'resourceSpans', 'scopeSpans', 'spans')[0].attributes.map((one: Json) => [one.key, one.value]));
  expect(odd).toMatchObject({ none: { doubleValue: 'NaN' }, much: { doubleValue: '-Infinity' }, nothing: { arrayValue: { values: [] } }, large: { intValue: '9007199254740991' }, empty: { stringValue: '' } });

  const [logged, logs] = request('/v1/logs');
  for (const [index, log] of records(logs, 'resourceLogs', 'scopeLogs', 'logRecords').entries()) {
    const expected = decodeLogs(logged)[index]!;
    expect([log.severityNumber, log.body && value(log.body), log.eventName ?? '', log.traceId ?? '', log.spanId ?? '']).toEqual([expected.severity, expected.body, expected.eventName, expected.traceId, expected.spanId]);
    expect(attributes(log.attributes)).toEqual(expected.attributes);
    expect(log.timeUnixNano).toMatch(/^\d{19}$/);
    expect(log.observedTimeUnixNano).toBe(log.timeUnixNano);
  }

  const [measured, metrics] = request('/v1/metrics');
  const points = records(metrics, 'resourceMetrics', 'scopeMetrics', 'metrics').map((metric: Json) => {
    const [point] = (metric.sum ?? metric.histogram).dataPoints;
    expect(point.timeUnixNano).toMatch(/^\d{19}$/);
    expect((metric.sum ?? metric.histogram).aggregationTemporality).toBe(1);
    return metric.sum
      ? { name: metric.name, unit: metric.unit, attributes: attributes(point.attributes), value: point.asDouble, temporality: 'delta', monotonic: metric.sum.isMonotonic }
      : { name: metric.name, unit: metric.unit, attributes: attributes(point.attributes), value: Number(point.count), sum: point.sum, buckets: point.bucketCounts.map(Number), bounds: point.explicitBounds };
  });
  expect(points).toEqual(decodeMetrics(measured));
});

it('is sent where it is asked for, compressed, and its answers are read', async () => {
  const [telemetry, collector] = await startBoth({ protocol: 'http/json' });
  collector.answer = ({ path }) => ({ status: 200, body: Buffer.from(path === '/v1/traces' ? '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no"}}' : '{"partialSuccess":null}') });
  recordAll(telemetry);
  await telemetry.flush();
  expect(new Set(collector.requests.map(({ headers }) => headers['content-type']))).toEqual(new Set(['application/json']));
  expect(new Set(collector.requests.map(({ headers }) => headers['content-encoding']))).toEqual(new Set(['gzip']));
  const [body] = collector.requests.filter(({ path }) => path === '/v1/traces').map(({ body }) => JSON.parse(Buffer.from(body).toString()) as Json);
  expect(records(body, 'resourceSpans', 'scopeSpans', 'spans').map(({ name }) => name)).toEqual(['all', 'root']);
  expect(telemetry.stats()).toMatchObject({ exported: { traces: 1, logs: 2 }, dropped: { rejected: 1 } });
});

it('answers of any kind are understood or ignored', () => {
  const of = (text: string) => [...fromJson(new TextEncoder().encode(text))];
  expect(of('{"partialSuccess":{"rejectedLogRecords":3}}')).toEqual([0x0a, 2, 8, 3]);
  expect(of('{"partialSuccess":{"rejectedDataPoints":"300"}}')).toEqual([0x0a, 3, 8, 0xac, 2]);
  for (const nothing of ['', '{}', 'null', '[]', '{"partialSuccess":{}}', '{"partialSuccess":{"rejectedSpans":-1}}', '{"partialSuccess":{"rejectedSpans":"many"}}', '{"partialSuccess":{"rejectedSpans":1e300}}', '<html>']) expect(of(nothing), nothing).toEqual([]);
});
