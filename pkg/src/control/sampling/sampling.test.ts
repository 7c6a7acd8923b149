import { describe, expect, it } from 'vitest';
import { record } from '../../../test/support/recorder.js';
import type { SpanContext } from '../../types.js';
import { type Sampling, sampling } from './index.js';

const SAMPLED: SpanContext = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), sampled: true };
const sampler = (options: Sampling, sampleRatio?: number) => record(sampling(options), sampleRatio === undefined ? {} : { sampleRatio });
/** Which of these first spans are recorded. */
const recorded = ({ core }: ReturnType<typeof sampler>, names: string[]): string[] => names.filter((name) => core.startSpan(name).sampled);
const event = (name: string) => ({ attributes: { 'messaging.destination.name': name } });

describe('names', () => {
  it.each([
    ['GET', ['GET'], ['GET /x', 'FORGET']],
    ['GET*', ['GET', 'GET /x'], ['FORGET']],
    ['*GET', ['GET', 'FORGET'], ['GET /x']],
    ['a*b*c', ['abc', 'a-b-c', 'abbc'], ['ab', 'ac', 'acb', 'abcd']],
    ['a*a', ['aa', 'aba'], ['a']],
    ['a.b', ['a.b'], ['aXb']],
    ['*', ['', 'anything'], []],
    [/^G.T$/g, ['GET', 'GOT', 'GET'], ['GEET']],
  ])('%s', (span, fit, others) => {
    const recorder = sampler({ rules: [{ span, ratio: 0 }] });
    expect(recorded(recorder, [...fit, ...others])).toEqual(others);
  });

  it('many stars take no time', () => {
    const recorder = sampler({ rules: [{ span: `${'a*'.repeat(100)}b`, ratio: 0 }] });
    expect(recorder.core.startSpan('a'.repeat(5000)).sampled).toBe(true);
  });
});

it('the first rule that fits holds, over the ratio for everything', () => {
  const recorder = sampler({ ratio: 0, rules: [{ event: 'order', ratio: 1 }, { event: 'order', ratio: 0 }, { span: 'send other' }] });
  const { core } = recorder;
  expect(core.startSpan('send order', event('order')).sampled).toBe(true);
  expect(core.startSpan('send other', event('other')).sampled).toBe(false);
  expect(core.startSpan('anything').sampled).toBe(false);
  recorder.undo();
  expect(core.startSpan('anything').sampled).toBe(true);
});

it('is parent-based: inside a trace only nested rules hold, with all that is below', () => {
  const { core } = sampler({ ratio: 0, rules: [{ event: 'cursor', ratio: 0, nested: true }, { span: 'leaf', ratio: 0 }] });
  const root = { ...SAMPLED };
  expect(core.startSpan('leaf', { parent: root }).sampled).toBe(true);
  const cursor = core.startSpan('send cursor', { parent: root, ...event('cursor') });
  expect(cursor.sampled).toBe(false);
  expect(core.startSpan('leaf', { parent: cursor }).sampled).toBe(false);
  expect(core.startSpan('send cursor', { parent: { ...root, debug: true }, ...event('cursor') }).sampled).toBe(true);
  expect(core.startSpan('x', { parent: { ...root, sampled: false } }).sampled).toBe(false);
});

it('a ratio is decided by the trace’s id, so that everybody decides the same', () => {
  const { core } = sampler({ rules: [{ span: 'half', ratio: 0.5 }] });
  const low = { traceId: '0'.repeat(31) + '1' };
  expect(core.decide(low.traceId, undefined, 'half')).toBe(true);
  expect(core.decide('f'.repeat(32), undefined, 'half')).toBe(false);
  expect(core.decide('f'.repeat(32), undefined, 'whole')).toBe(true);
});

it('limits per second, each and all, and counts what is too much', () => {
  const recorder = sampler({ rules: [{ span: 'a*', maxPerSecond: 2 }], maxTracesPerSecond: 5 });
  expect(recorded(recorder, ['a1', 'a1', 'a1', 'a2', 'b', 'b', 'b'])).toEqual(['a1', 'a1', 'a2', 'b', 'b']);
  expect(recorder.losses).toMatchObject([{ signal: 0 }, { signal: 0 }]);
  expect(recorder.core.startSpan('inside', { parent: SAMPLED }).sampled).toBe(true);
});

it('log records have rules and limits, too', () => {
  const recorder = sampler({ rules: [{ log: 'noise', ratio: 0 }, { log: 'many', maxPerSecond: 1 }], maxLogsPerSecond: 3 });
  for (const eventName of ['noise', 'many', 'many', 'x', 'x', 'x']) recorder.core.log('info', eventName, { eventName });
  expect(recorder.logs.map(({ body }) => body)).toEqual(['many', 'x', 'x']);
  expect(recorder.losses).toMatchObject([{ signal: 1 }, { signal: 1 }]);
});

it('log records of one trace stay together', () => {
  const recorder = sampler({ rules: [{ log: '*', ratio: 0.5 }] });
  for (const traceId of ['0'.repeat(31) + '1', 'f'.repeat(32)]) {
    for (let i = 0; i < 5; i++) recorder.core.log('info', traceId, { context: { ...SAMPLED, traceId } });
  }
  expect(recorder.logs).toHaveLength(5);
});
