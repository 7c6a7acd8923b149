// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { record } from '../../../test/support/recorder.js';
import { until } from '../../../test/support/until.js';
import { Core } from '../../core/core.js';
import { lazy } from '../../core/lazy.js';
import { loadEngine } from '../../core/load.js';
import type { Instrumentation, TelemetryOptions } from '../../types.js';
import { limits } from '../limits/index.js';
import { sampling } from '../sampling/index.js';
import { session } from '../session/index.js';
import { type RemoteConfigOptions, type RemoteSettings, remoteConfig } from './index.js';

const URL = 'http://127.0.0.1:9/v1/config';
const asked = vi.fn<typeof fetch>();
let answer: () => Response;

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  asked.mockReset().mockImplementation(() => Promise.resolve(answer()));
  vi.stubGlobal('fetch', asked);
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const says = (settings: RemoteSettings | string, cacheControl = 'private, max-age=300'): void => {
  answer = () => new Response(typeof settings === 'string' ? settings : JSON.stringify(settings), { headers: { 'cache-control': cacheControl } });
};
const start = (options?: RemoteConfigOptions, core?: Partial<TelemetryOptions>) => record(remoteConfig(options), core);
/** An instrumentation that says whether it is at work. */
const switchable = (name: string) => {
  const one = { name, on: 0, enable: () => (one.on++, () => void one.on--) };
  return one satisfies Instrumentation;
};
const isSampled = (core: Core): boolean => core.startSpan('x').sampled;

it('asks beside the endpoint, with the client’s headers, and waits for nothing', async () => {
  says({ sampling: { ratio: 0 } });
  const { core } = start({}, { endpoint: 'http://127.0.0.1:9/otlp?tenant=1', headers: 'k=v' });
  expect(isSampled(core)).toBe(true);
  await until(() => !isSampled(core));
  expect(asked).toHaveBeenCalledOnce();
  const [url, init] = asked.mock.calls[0]!;
  expect(url).toBe('http://127.0.0.1:9/otlp/v1/config?tenant=1');
  expect(init).toMatchObject({ headers: { k: 'v' }, cache: 'no-cache' });
});

describe('what it says holds at once', () => {
  it('sampling and limits, over those of the page, which come back', async () => {
    says({ sampling: { ratio: 0, rules: [{ span: 'GET*', ratio: 1 }] }, limits: { attributeCountLimit: 1 } });
    const recorder = start();
    const { core } = recorder;
    core.use(sampling({ rules: [{ span: '*', ratio: 0.5 }], ratio: 1 }));
    core.use(limits({ attributeCountLimit: 5, eventCountLimit: 0 }));
    await until(() => core.ratio === 0);
    expect(core.startSpan('GET /x').sampled).toBe(true);
    core.startSpan('GET', { attributes: { a: 1, b: 2 } }).event('e').end();
    expect(recorder.spans[0]).toMatchObject({ attributes: { a: 1 }, droppedAttributes: 1, droppedEvents: 1 });
    recorder.undo();
    expect(core.ratio).toBe(1);
    core.startSpan('GET', { parent: recorder.spans[0]!, attributes: { a: 1, b: 2 } }).end();
    expect(recorder.spans[1]!.attributes).toEqual({ a: 1, b: 2 });
  });

  it('instrumentations, by name, those that come later too, off and on again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const [errors, xhr, later, user] = [switchable('errors'), switchable('xhr'), switchable('errors'), switchable('user')];
    says({ instrumentations: { errors: false, user: false, unknown: false } });
    const { core } = start();
    for (const one of [errors, xhr, user]) core.use(one);
    await vi.waitFor(() => expect(errors.on).toBe(0));
    const undo = core.use(later);
    expect([xhr.on, later.on, user.on]).toEqual([1, 0, 1]);
    says({ instrumentations: {} });
    await vi.advanceTimersByTimeAsync(300_000);
    await vi.waitFor(() => expect([errors.on, later.on]).toEqual([1, 1]));
    undo();
    expect([errors.on, later.on]).toEqual([1, 0]);
  });

  it('the share of sessions, from the next one on', async () => {
    const visit = session();
    says({ sampling: { sessionRatio: 0 } });
    const { core } = start();
    core.use(visit);
    await until(() => asked.mock.settledResults.length);
    await until(() => localStorage.getItem('aetherterm.config'));
    expect(visit.sampled).toBe(true);
    visit.end();
    expect(visit.sampled).toBe(false);
  });
});

describe('the kill switch', () => {
  it('undoes everything, records nothing, and sends nothing that waits', async () => {
    const one = switchable('errors');
    says({ enabled: false });
    const core = new Core({ serviceName: 's', endpoint: 'http://127.0.0.1:9', wasm: new Promise<never>(() => {}), instrumentations: [one, remoteConfig()] }, loadEngine);
    core.startSpan('before').end();
    expect(core.stats()).toMatchObject({ state: 'loading', queued: 1 });
    await until(() => one.on === 0);
    expect(core.stats()).toMatchObject({ state: 'disabled', queued: 0 });
    expect(core.startSpan('x', { parent: { traceId: '1'.repeat(32), spanId: '1'.repeat(16), sampled: true } }).sampled).toBe(false);
    core.log('info', 'x');
    const late = switchable('xhr');
    core.use(late);
    expect([core.stats().queued, late.on]).toEqual([0, 0]);
    expect(console.warn).not.toHaveBeenCalled();
  });

  it('holds for what comes later, also where it was loaded later itself, under another name', async () => {
    says({ enabled: false });
    const { core } = record(lazy('anything', () => Promise.resolve(remoteConfig())));
    await until(() => core.stats().state === 'disabled');
    const late = switchable('xhr');
    core.use(late);
    expect([late.on, isSampled(core)]).toEqual([0, false]);
  });

  it('holds from the beginning of the next page view, until the server says otherwise', async () => {
    says({ enabled: false });
    start();
    await until(() => localStorage.getItem('aetherterm.config'));
    const one = switchable('errors');
    const make = () => new Core({ serviceName: 's', endpoint: 'http://127.0.0.1:9', wasm: new Promise<never>(() => {}), instrumentations: [remoteConfig(), one] }, loadEngine);
    expect(make().stats().state).toBe('disabled');
    expect(one.on).toBe(0);
    expect(asked).toHaveBeenCalledOnce();
    // It has run out.
    const cached = JSON.parse(localStorage.getItem('aetherterm.config')!) as { until: number };
    localStorage.setItem('aetherterm.config', JSON.stringify({ ...cached, until: Date.now() - 1 }));
    says({});
    expect(make().stats().state).toBe('disabled');
    await until(() => localStorage.getItem('aetherterm.config')!.includes('"{}"'));
    expect(make().stats().state).toBe('loading');
    expect(one.on).toBe(1);
  });
});

describe('an answer that cannot be used changes nothing, and is told once', () => {
  it.each<[string, () => Response | Promise<never>]>([
    ['no JSON', () => new Response('<html>')],
    ['no object', () => new Response('[]')],
    ['an error', () => new Response('{"sampling":{"ratio":0}}', { status: 500 })],
    ['too much', () => new Response(`{"x":"${'x'.repeat(70_000)}"}`)],
    ['no answer', () => Promise.reject(new TypeError('Failed to fetch'))],
    ...(
      [
        { enabled: 'no' },
        { sampling: { ratio: 2 } },
        { sampling: { ratio: 'all' } },
        { sampling: { ratio: 0, rules: ['a'] } },
        { sampling: { ratio: 0, rules: [{ span: 'a', nested: 1 }] } },
        { sampling: { ratio: 0, rules: [{ span: 7 }] } },
        { sampling: { ratio: 0, rules: {} } },
        { sampling: { ratio: 0, maxTracesPerSecond: -1 } },
        { sampling: [] },
        { sampling: { ratio: 0 }, instrumentations: { errors: 'off' } },
        { sampling: { ratio: 0 }, limits: { attributeCountLimit: 1.5 } },
      ] as unknown[]
    ).map((wrong): [string, () => Response] => [JSON.stringify(wrong), () => new Response(JSON.stringify(wrong))]),
  ])('%s', async (name, make) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    asked.mockImplementation(() => Promise.resolve(make()));
    // Messages are told once in a page; each of these has one of its own.
    const { core } = start({ url: `http://127.0.0.1:9/${encodeURIComponent(name)}`, refreshMs: 1000 });
    for (let i = 0; i < 3; i++) await vi.advanceTimersByTimeAsync(1000);
    await vi.waitFor(() => expect(asked.mock.calls.length).toBeGreaterThan(2));
    expect(isSampled(core)).toBe(true);
    expect(console.warn).toHaveBeenCalledOnce();
    expect(localStorage.getItem('aetherterm.config')).toBeNull();
  });

  it('and the last good one stays', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    says({ sampling: { ratio: 0 } });
    const { core } = start({ refreshMs: 2000 });
    await vi.waitFor(() => expect(isSampled(core)).toBe(false));
    says('nonsense');
    await vi.advanceTimersByTimeAsync(2000);
    await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(2));
    expect(isSampled(core)).toBe(false);
  });

  it('members that are not known are left alone', async () => {
    says({ version: 9, sampling: { ratio: 0, later: 1, rules: null } } as never);
    const { core } = start();
    await until(() => !isSampled(core));
    expect(console.warn).not.toHaveBeenCalled();
  });
});

it('works where storage is refused, and without it by option', async () => {
  says({ sampling: { ratio: 0 } });
  const blocked = vi.spyOn(window, 'localStorage', 'get').mockImplementation(() => {
    throw new DOMException('blocked', 'SecurityError');
  });
  const { core } = start();
  await until(() => !isSampled(core));
  blocked.mockRestore();
  const other = start({ cache: false });
  await until(() => !isSampled(other.core));
  expect(localStorage).toHaveLength(0);
});

it('nothing is asked while nobody looks', async () => {
  says({});
  const visible = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
  start();
  expect(asked).not.toHaveBeenCalled();
  visible.mockReturnValue('visible');
  document.dispatchEvent(new Event('visibilitychange'));
  expect(asked).toHaveBeenCalledOnce();
  await until(() => localStorage.getItem('aetherterm.config'));
  document.dispatchEvent(new Event('visibilitychange'));
  expect(asked).toHaveBeenCalledOnce();
});

it('an answer kept for another address is not ours', () => {
  says({});
  localStorage.setItem('aetherterm.config', JSON.stringify({ url: 'http://elsewhere/v1/config', text: '{"enabled":false}', until: Date.now() + 1e6 }));
  expect(isSampled(start().core)).toBe(true);
  expect(asked.mock.calls[0]![0]).toBe(URL);
});
