// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from 'vitest';
import { record } from '../../../test/support/recorder.js';
import { navigation } from './index.js';

beforeEach(() => {
  // The History API is what is tested here; the Navigation API is, in a real browser.
  vi.stubGlobal('navigation', undefined);
  (window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL('https://page.example/start');
});

it('records each change of the URL, once, and follows the route', () => {
  const route = vi.fn((url: URL) => url.pathname.replace(/\d+/, ':id'));
  const recorder = record(navigation({ route }));
  recorder.core.log('info', 'before');
  history.pushState(null, '', '/users/42?token=1');
  history.pushState(null, '', '/users/42?token=1');
  history.replaceState({ kept: true }, '', '/users/43');
  expect(history.state).toEqual({ kept: true });
  recorder.core.startSpan('after').end();
  expect(recorder.logs).toMatchObject([
    { body: 'before', attributes: { 'aether.route': '/start' } },
    {
      eventName: 'browser.navigation',
      attributes: {
        'url.full': 'https://page.example/users/42?REDACTED',
        'browser.navigation.type': 'push',
        'browser.navigation.from': 'https://page.example/start',
        'browser.navigation.hash_change': false,
        'aether.route': '/users/:id',
      },
    },
    { attributes: { 'browser.navigation.type': 'replace', 'url.full': 'https://page.example/users/43' } },
  ]);
  expect(recorder.spans[0]!.attributes['aether.route']).toBe('/users/:id');
});

it('survives a route function that throws, and gives the history back', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { pushState } = history;
  const recorder = record(navigation({ route: () => { throw new Error('mine'); } }));
  expect(() => history.pushState(null, '', '/next')).not.toThrow();
  expect(location.pathname).toBe('/next');
  recorder.undo();
  expect(history.pushState).toBe(pushState);
  expect(warn.mock.calls.length).toBeLessThanOrEqual(1);
  warn.mockRestore();
});
