/** What an application may pass by mistake: no call throws, what cannot be written down is counted, and nothing else is lost. */
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Telemetry } from '@aetherterm/telemetry';
import { startBoth } from './support/collector.js';

const circle: Record<string, unknown> = {};
circle['self'] = circle;

const VALUES: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 7],
  ['NaN', NaN],
  ['no text', ''],
  ['half a character', '\ud800'],
  ['much text', 'x'.repeat(100_000)],
  ['an object', {}],
  ['a circle', circle],
  ['a list', [1, {}, null]],
  ['a function', () => 1],
  ['no date', new Date(NaN)],
  ['a big integer', 10n],
];
/** As names, messages and values of attributes also what JavaScript makes no text of. */
const TEXTS: [string, unknown][] = [...VALUES, ['a symbol', Symbol('s')], ['nothing that is a text', Object.create(null)]];
const TIMES = VALUES.filter(([what]) => what !== 'a big integer');

/* eslint-disable @typescript-eslint/no-explicit-any -- the point of it */
const calls: [string, [string, unknown][], (telemetry: Telemetry, value: any) => unknown][] = [
  ['startSpan(name)', TEXTS, (t, value) => t.startSpan(value).end()],
  ['startSpan(options)', VALUES, (t, value) => t.startSpan('s', value).end()],
  ['kind', TEXTS, (t, value) => t.startSpan('s', { kind: value }).end()],
  ['attributes', TEXTS, (t, value) => t.startSpan('s', { attributes: value }).end()],
  ['the value of an attribute', TEXTS, (t, value) => t.startSpan('s').set({ value, list: [value] }).end()],
  ['parent', VALUES, (t, value) => t.startSpan('s', { parent: value }).end()],
  ['ids', TEXTS, (t, value) => t.startSpan('s', { parent: { traceId: value, spanId: value, sampled: true } }).end()],
  ['a link', VALUES, (t, value) => t.startSpan('s', { links: [value] }).end()],
  ['startTime', TIMES, (t, value) => t.startSpan('s', { startTime: value }).end()],
  ['end(time)', TIMES, (t, value) => t.startSpan('s').end(value)],
  ['event', TEXTS, (t, value) => t.startSpan('s').event(value, value, value).end()],
  ['link', VALUES, (t, value) => t.startSpan('s').link(value, value).end()],
  ['fail', TEXTS, (t, value) => t.startSpan('s').fail(value, value).end()],
  ['error', TEXTS, (t, value) => t.startSpan('s').error(value).end()],
  ['span', TEXTS, (t, value) => t.span(value, () => t.headers())],
  ['with', VALUES, (t, value) => t.with(value, () => t.startSpan('s').end())],
  ['bind', VALUES, (t, value) => t.bind(() => t.startSpan('s').end(), value)()],
  ['severity', VALUES, (t, value) => t.log(value, 'l')],
  ['log(message)', TEXTS, (t, value) => t.log('info', value)],
  ['log(options)', VALUES, (t, value) => t.log('info', 'l', value)],
  ['eventName', TEXTS, (t, value) => t.log('info', 'l', { eventName: value, attributes: value })],
  ['time and context', VALUES, (t, value) => t.log('info', 'l', { time: value, context: value })],
  ['recordError', TEXTS, (t, value) => t.recordError(value)],
  ['counter(name)', TEXTS, (t, value) => t.counter(value, value).add(1, { value })],
  ['add', VALUES, (t, value) => t.counter('c').add(value, value)],
  ['histogram', TEXTS, (t, value) => t.histogram(value, value).record(value, { value })],
  ['headers', VALUES, (t, value) => t.headers(value)],
  ['use', VALUES, (t, value) => t.use(value)()],
  ['setRoute', TEXTS, (t, value) => (t.setRoute(value), t.startSpan('s').end(), t.setRoute(undefined))],
  ['instrumentSocket', VALUES, (t, value) => t.instrumentSocket(value)()],
];
/* eslint-enable @typescript-eslint/no-explicit-any */

it.each(calls)('%s', async (_what, values, call) => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const [telemetry, collector] = await startBoth();
  telemetry.startSpan('before').end();
  for (const [what, value] of values) expect(() => call(telemetry, value), what).not.toThrow();
  telemetry.startSpan('after').end();
  telemetry.log('info', 'after');
  telemetry.counter('after').add(1);
  await telemetry.flush();
  await telemetry.flush();
  expect(telemetry.stats()).toMatchObject({ state: 'ready', queued: 0 });
  expect(collector.spans().map(({ name }) => name)).toEqual(expect.arrayContaining(['before', 'after']));
  expect(collector.logs().map(({ body }) => body)).toContain('after');
  expect(collector.metrics().map(({ name }) => name)).toContain('after');
  // Nothing but what cannot be written down, and that is said.
  const { dropped } = telemetry.stats();
  expect(Object.keys(dropped).filter((reason) => reason !== 'malformed')).toEqual([]);
});
