import { expect, it, vi } from 'vitest';
import { record } from '../../../test/support/recorder.js';
import { globalAttributes, userContext } from './index.js';

it('adds attributes to spans and logs as they are finished, and the record’s own win', () => {
  let tenant = 'a';
  const recorder = record(globalAttributes(() => ({ tenant, own: 'global' })));
  const { core } = recorder;
  const span = core.startSpan('one', { attributes: { own: 'span' } });
  tenant = 'b';
  span.end();
  core.log('info', 'hello', { attributes: { own: 'log' } });
  expect(recorder.spans[0]!.attributes).toEqual({ tenant: 'b', own: 'span' });
  expect(recorder.logs[0]!.attributes).toMatchObject({ tenant: 'b', own: 'log' });
  recorder.undo();
  core.startSpan('two').end();
  expect(recorder.spans[1]!.attributes).toEqual({});
});

it('what throws is told once, and the record goes without', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const recorder = record(globalAttributes(() => { throw new Error('no tenant'); }));
  for (let i = 0; i < 3; i++) recorder.core.startSpan('one').end();
  expect(recorder.spans).toHaveLength(3);
  expect(warn).toHaveBeenCalledOnce();
});

it('says who uses the page, from when it is known until it is not', () => {
  const user = userContext();
  const recorder = record(user);
  const last = (): Record<string, unknown> => {
    recorder.core.startSpan('one').end();
    return Object.fromEntries(Object.entries(recorder.spans.at(-1)!.attributes).filter(([, value]) => value !== undefined));
  };
  expect(last()).toEqual({});
  user.setUser({ id: '7', name: 'ada', roles: ['admin'] });
  expect(last()).toEqual({ 'user.id': '7', 'user.name': 'ada', 'user.roles': ['admin'] });
  user.setUser(undefined);
  expect(last()).toEqual({});
});
