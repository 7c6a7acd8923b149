// @vitest-environment happy-dom
import { expect, it } from 'vitest';
import { record } from '../../../test/support/recorder.js';
import { errors } from './index.js';

const fail = (error: unknown, message = String(error)) =>
  window.dispatchEvent(Object.assign(new Event('error'), { error, message, filename: 'https://cdn.example/app.js?token=1', lineno: 3, colno: 7 }));
const reject = (reason: unknown) => window.dispatchEvent(Object.assign(new Event('unhandledrejection'), { reason }));

it('records what nobody has caught, once, with its kind and place', () => {
  const recorder = record(errors());
  const error = new RangeError('broken');
  fail(error);
  reject(error);
  reject('a word');
  fail(undefined, 'Script error.');
  expect(recorder.logs).toMatchObject([
    {
      severity: 17,
      body: 'broken',
      eventName: 'exception',
      attributes: { 'exception.type': 'RangeError', 'exception.source': 'error', 'code.file.path': 'https://cdn.example/app.js?REDACTED', 'code.line.number': 3 },
    },
    { body: 'a word', attributes: { 'exception.type': 'string', 'exception.source': 'unhandledrejection' } },
    { body: 'Script error.', attributes: { 'exception.source': 'error' } },
  ]);
});

it('leaves out what it is told to, and counts what is too much', () => {
  const recorder = record(errors({ ignore: ['ResizeObserver (loop)', /^quiet/], maxPerSecond: 2 }));
  for (const message of ['ResizeObserver (loop) done', 'quiet please', 'a', 'b', 'c']) fail(new Error(message));
  expect(recorder.logs.map(({ body }) => body)).toEqual(['a', 'b']);
  expect(recorder.losses).toMatchObject([{ signal: 1, reason: 6, count: 1 }]);
});

it('survives whatever is thrown, and ends when undone', () => {
  const recorder = record(errors());
  const hostile = Object.create(null) as object;
  Object.defineProperty(hostile, 'message', { get: () => { throw new Error('gotcha'); } });
  fail(hostile, 'hostile');
  recorder.undo();
  fail(new Error('too late'));
  expect(recorder.logs.map(({ body }) => body)).not.toContain('too late');
});
