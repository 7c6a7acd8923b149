import { expect, it, vi } from 'vitest';
import { record } from '../../../test/support/recorder.js';
import { globalAttributes } from '../attributes/index.js';
import { type BeforeSend, beforeSend } from './index.js';

it('sees everything that is about to leave, and what it changes is what leaves', () => {
  const event = { secret: '1' };
  const recorder = record(
    beforeSend((item) => {
      delete item.attributes['secret'];
      if (item.signal === 'logs') item.body = item.body.replace('hunter2', '***');
      else {
        item.name = item.name.toUpperCase();
        item.message = '';
        for (const one of item.events) one.attributes = {};
        item.events.push({ name: 'seen', time: 1, attributes: { by: item.attributes['tenant'] } });
      }
    }),
  );
  // Put in later, and seen all the same.
  recorder.core.use(globalAttributes({ tenant: 'a' }));
  recorder.core.startSpan('one', { attributes: { secret: '1', open: 2 } }).event('e', event).fail('bad', 'hunter2').end();
  recorder.core.log('info', 'password hunter2', { attributes: { secret: '1' } });
  expect(recorder.spans[0]).toMatchObject({ name: 'ONE', message: '', attributes: { open: 2, tenant: 'a' }, events: [{ name: 'e', attributes: {} }, { name: 'seen', attributes: { by: 'a' } }] });
  expect(recorder.spans[0]!.attributes).not.toHaveProperty('secret');
  expect(recorder.logs[0]).toMatchObject({ body: 'password ***' });
  expect(recorder.logs[0]!.attributes).not.toHaveProperty('secret');
  expect(event).toEqual({ secret: '1' });
});

it('drops what it says no to, which is no loss', () => {
  const recorder = record(beforeSend((item) => item.signal !== 'logs'));
  recorder.core.log('info', 'x');
  recorder.core.startSpan('one').end();
  expect([recorder.logs.length, recorder.spans.length]).toEqual([0, 1]);
  expect(recorder.core.stats().dropped).toEqual({});
});

it.each<[string, BeforeSend]>([
  ['throws', () => { throw new Error('broken'); }],
  ['leaves something unreadable', (item) => void Object.defineProperty(item.attributes, 'x', { enumerable: true, get() { throw new Error('broken'); } })],
  ['takes the attributes away', (item) => { if (item.signal === 'traces') item.events = undefined as never; else throw new Error('broken'); }],
])('what it looked at is dropped and counted when it %s', (_, look) => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const recorder = record(beforeSend(look));
  const measure = vi.spyOn(recorder.core, 'measure' as never);
  recorder.core.startSpan('one').end();
  recorder.core.log('info', 'x');
  expect([recorder.logs.length, recorder.spans.length]).toEqual([0, 0]);
  expect(recorder.core.stats().dropped).toEqual({ before_send: 2 });
  expect(measure).toHaveBeenCalledTimes(2);
  expect(warn.mock.calls.length).toBeLessThanOrEqual(2);
});

it('a measurement taken with a span is kept when the span is not', () => {
  const recorder = record(beforeSend(() => false));
  const { output } = recorder.core;
  const kept = vi.spyOn(output, 'record');
  const measurement = { record: 2, histogram: true, name: 'n', unit: '', value: 1, attributes: undefined } as const;
  output.record({ ...recorder.core.start('one'), record: 0 } as never, measurement);
  expect(kept).toHaveBeenCalledOnce();
  expect(recorder.spans).toEqual([]);
});
