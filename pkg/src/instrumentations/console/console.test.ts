import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { record } from '../../../test/support/recorder.js';
import { consoleInstrumentation } from './index.js';

const spies = { warn: vi.fn(), error: vi.fn(), info: vi.fn() };
const original = { ...console };
beforeEach(() => Object.assign(console, spies));
afterEach(() => {
  Object.assign(console, original);
  vi.clearAllMocks();
});

it('records warnings and errors, and writes them all the same', () => {
  const recorder = record(consoleInstrumentation());
  const error = new TypeError('broken');
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  console.warn('careful', 7, { a: 1 }, circular);
  console.error('it was', error);
  console.error(error);
  console.info('not recorded');
  console.warn('[aetherterm telemetry] our own');
  expect(recorder.logs).toMatchObject([
    { severity: 13, body: 'careful 7 {"a":1} [object Object]', eventName: 'browser.console' },
    { severity: 17, body: 'broken', attributes: { 'exception.type': 'TypeError', 'browser.console.level': 'error' } },
  ]);
  expect(spies.warn.mock.calls).toEqual([['careful', 7, { a: 1 }, circular], ['[aetherterm telemetry] our own']]);
  expect(spies.error.mock.calls).toEqual([['it was', error], [error]]);
  recorder.undo();
  expect(console.warn).toBe(spies.warn);
});

it('does not loop when recording writes to the console, and counts what is too much', () => {
  const recorder = record(consoleInstrumentation({ levels: ['info'], maxPerSecond: 2 }));
  const { record: keep } = recorder.core.output;
  recorder.core.output.record = (one) => {
    console.info('while recording');
    keep(one);
  };
  for (let i = 0; i < 5; i++) console.info(String(i));
  expect(recorder.logs.map(({ body }) => body)).toEqual(['0', '1']);
  expect(recorder.losses).toHaveLength(3);
});
