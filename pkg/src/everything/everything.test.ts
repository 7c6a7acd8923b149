// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { io } from 'socket.io-client';
import { until } from '../../test/support/until.js';
import type { Core } from '../core/core.js';
import type { AnyRecord } from '../core/records.js';
import { type EverythingOptions, everything } from './index.js';

const asked = vi.fn<typeof fetch>();

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  asked.mockReset().mockImplementation(async () => new Response('{}'));
  vi.stubGlobal('fetch', asked);
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** A page whose module never arrives, and what it has recorded. */
const open = (options: Partial<EverythingOptions> = {}) => {
  const telemetry = everything({ serviceName: 'test', endpoint: 'http://127.0.0.1:9', wasm: new Promise<never>(() => {}), ...options });
  const core = telemetry as unknown as Core;
  onTestFinished(() => core.inUse.forEach((_, undo) => undo()));
  const found = (): readonly AnyRecord[] => core.output.unencoded;
  return { telemetry, found, names: () => [...core.inUse.values()].map(({ name }) => name) };
};
const EARLY = ['user', 'errors', 'fetch', 'xhr', 'interaction', 'everything'];
const LATE = ['remote-config', 'session', 'socket.io', 'navigation', 'document-load', 'web-vitals', 'long-frames', 'console', 'csp', 'visibility', 'websocket', 'offline'];

it('has what must miss nothing at once, and everything else a little later', async () => {
  const { telemetry, names } = open();
  expect(names()).toEqual(EARLY);
  expect(telemetry.session.id).toBeUndefined();
  await until(() => names().includes('offline'));
  expect(names()).toEqual([...EARLY, ...LATE]);
  expect(telemetry.session.id).toMatch(/^[\da-f]{32}$/);
  expect(telemetry.session.sampled).toBe(true);
});

it('leaves out what the page does not want, and does with the rest what its options say', async () => {
  const off = Object.fromEntries([...EARLY, ...LATE].map((name) => [name, false]));
  const { telemetry, names, found } = open({
    parts: {
      ...off,
      session: { sampleRatio: 0 },
      attributes: { tenant: 'a' },
      'before-send': (item) => item.signal !== 'logs' || item.body !== 'unwanted',
      sampling: { rules: [{ log: 'noise', ratio: 0 }] },
      limits: { attributeCountLimit: 3 },
    },
  });
  telemetry.setUser({ id: 'u1' });
  telemetry.log('info', 'wanted', { attributes: { b: 1 } });
  telemetry.log('info', 'unwanted');
  expect(found()).toMatchObject([{ body: 'wanted', attributes: { tenant: 'a', 'user.id': 'u1', b: 1 } }]);
  await until(() => names().includes('limits'));
  expect(names()).toEqual(['attributes', 'user', 'before-send', 'everything', 'session', 'sampling', 'limits']);
  expect(telemetry.session.sampled).toBe(false);
});

it('rules and limits hold', async () => {
  const { telemetry, names, found } = open({ parts: { sampling: { rules: [{ log: 'noise', ratio: 0 }] }, limits: { attributeCountLimit: 1 }, session: false } });
  await until(() => names().includes('limits'));
  telemetry.log('info', 'no', { eventName: 'noise' });
  telemetry.log('info', 'yes', { attributes: { a: 1, b: 2 } });
  expect(found().filter(({ record }) => record === 1)).toMatchObject([{ body: 'yes', droppedAttributes: 1 }]);
});

it('the server switches parts off by their names', async () => {
  asked.mockImplementation(async () => new Response('{"instrumentations":{"console":false,"errors":false}}'));
  const { names } = open();
  await until(() => names().includes('offline') && !names().includes('errors'));
  expect(names()).not.toContain('console');
});

it('sockets may be given before it is there, and taken back', async () => {
  const { telemetry, names } = open();
  const [kept, taken] = [io('http://127.0.0.1:9', { autoConnect: false, forceNew: true }), io('http://127.0.0.1:9', { autoConnect: false, forceNew: true })];
  const undo = telemetry.instrumentSocket(kept);
  telemetry.instrumentSocket(taken)();
  await until(() => names().includes('offline'));
  expect([Object.hasOwn(kept, 'emit'), Object.hasOwn(taken, 'emit')]).toEqual([true, false]);
  undo();
  expect(kept.emit).toBe(taken.emit);
});

it('does not begin after it was shut down, and does nothing where it is not enabled', async () => {
  const { telemetry, names } = open();
  const off = open({ enabled: false });
  void telemetry.shutdown();
  const rest = await import('./rest.js');
  await new Promise((resolve) => setTimeout(resolve));
  expect(rest.enableRest).toBeTypeOf('function');
  expect([names(), off.names()]).toEqual([[], []]);
  expect(off.telemetry.stats().state).toBe('disabled');
  expect(off.telemetry.session).toMatchObject({ id: undefined, sampled: false });
});
