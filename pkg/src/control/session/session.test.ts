// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { record } from '../../../test/support/recorder.js';
import { type SessionOptions, session } from './index.js';

const MINUTE = 60_000;
const BEGIN = 1_800_000_000_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: BEGIN });
  sessionStorage.clear();
  localStorage.clear();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (ms: number): void => void vi.setSystemTime(Date.now() + ms);
const open = (options?: SessionOptions) => {
  const visit = session(options);
  return { visit, recorder: record(visit) };
};
const events = ({ recorder }: ReturnType<typeof open>) => recorder.logs.map(({ eventName, attributes }) => [eventName, attributes!['session.id'], attributes!['session.previous_id']]);

it('names the session on spans and logs, and says when it begins', () => {
  const page = open();
  const { visit, recorder } = page;
  expect(visit.id).toMatch(/^[\da-f]{32}$/);
  recorder.core.startSpan('work').end();
  recorder.core.log('info', 'hello');
  expect(recorder.spans[0]!.attributes['session.id']).toBe(visit.id);
  expect(recorder.logs[1]).toMatchObject({ body: 'hello', attributes: { 'session.id': visit.id } });
  expect(events(page)[0]).toEqual(['session.start', visit.id, undefined]);
  recorder.undo();
  expect(visit.id).toBeUndefined();
  recorder.core.log('info', 'afterwards');
  expect(recorder.logs.at(-1)!.attributes).not.toHaveProperty('session.id');
});

it('outlives a reload, and other tabs have their own unless it is shared', () => {
  for (const keep of ['tab', 'shared', 'page'] as const) {
    const first = open({ keep });
    first.recorder.undo();
    const again = open({ keep });
    const kept = events(again).length === 0;
    expect(kept, keep).toBe(keep !== 'page');
    again.recorder.undo();
    // Another tab has storage of its own.
    sessionStorage.clear();
    const other = open({ keep });
    expect(events(other).length === 0, keep).toBe(keep === 'shared');
    other.recorder.undo();
  }
});

it('ends after silence, which a person or a record interrupts', () => {
  const page = open();
  const { visit, recorder } = page;
  const { id } = visit;
  for (const happens of [() => document.dispatchEvent(new Event('keydown')), () => recorder.core.log('info', 'x'), () => recorder.core.startSpan('x').end()]) {
    pass(29 * MINUTE);
    happens();
    expect(visit.id).toBe(id);
  }
  const last = Date.now();
  pass(30 * MINUTE);
  recorder.core.startSpan('later').end();
  expect(visit.id).not.toBe(id);
  expect(recorder.spans.at(-1)!.attributes['session.id']).toBe(visit.id);
  const [end, start] = recorder.logs.slice(-2);
  expect(end).toMatchObject({ eventName: 'session.end', time: last, attributes: { 'session.id': id } });
  expect(start).toMatchObject({ eventName: 'session.start', attributes: { 'session.id': visit.id, 'session.previous_id': id } });
});

it('ends after a day, whatever happens, and when it is told to', () => {
  const { visit } = open({ maxDurationMs: 60 * MINUTE });
  const { id } = visit;
  pass(29 * MINUTE);
  expect(visit.id).toBe(id);
  pass(29 * MINUTE);
  expect(visit.id).toBe(id);
  pass(2 * MINUTE);
  const { id: second } = visit;
  expect(second).not.toBe(id);
  visit.end();
  expect(visit.id).not.toBe(second);
});

it('one tab keeps it going for another, which follows to the next one', () => {
  const one = open({ keep: 'shared' });
  const { id } = one.visit;
  const other = open({ keep: 'shared' });
  pass(20 * MINUTE);
  expect(other.visit.id).toBe(id);
  pass(20 * MINUTE);
  expect(one.visit.id).toBe(id);
  expect(other.visit.id).toBe(id);
  one.visit.end();
  pass(6000);
  void other.visit.id;
  expect(other.visit.id).toBe(one.visit.id);
  expect([...events(one), ...events(other)].filter(([name]) => name === 'session.start')).toHaveLength(2);
});

describe('sampled', () => {
  it('nothing of a session that is left out is recorded, whatever its traces say', () => {
    const page = open({ sampleRatio: 0 });
    const { core } = page.recorder;
    expect(page.visit.sampled).toBe(false);
    const parent = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), sampled: true };
    const span = core.startSpan('work', { parent });
    span.end();
    core.log('info', 'hello');
    core.counter('n').add(1);
    expect(span.sampled).toBe(false);
    expect([page.recorder.spans, page.recorder.logs]).toEqual([[], []]);
  });

  it('the decision is the session’s for as long as it lasts', () => {
    const ratio = vi.spyOn(Math, 'random');
    const out = open({ sampleRatio: 0 });
    out.recorder.undo();
    const { visit } = open({ sampleRatio: 1 });
    expect(visit.sampled).toBe(false);
    visit.end();
    expect(visit.sampled).toBe(true);
    expect(ratio).not.toHaveBeenCalled();
  });

  it('about as many as asked for', () => {
    const { visit } = open({ sampleRatio: 0.25, keep: 'page', events: false });
    let recorded = 0;
    for (let i = 0; i < 2000; i++) {
      visit.end();
      recorded += +visit.sampled;
    }
    expect(recorded).toBeGreaterThan(400);
    expect(recorded).toBeLessThan(600);
  });
});

it.each([
  ['refuses', () => vi.spyOn(window, 'sessionStorage', 'get').mockImplementation(() => { throw new DOMException('blocked', 'SecurityError'); })],
  ['is full', () => vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => { throw new DOMException('full', 'QuotaExceededError'); })],
  ['holds nonsense', () => sessionStorage.setItem('aetherterm.session', '{"id":7,"start":"x"}')],
  ['holds no JSON', () => sessionStorage.setItem('aetherterm.session', '}')],
])('works where storage %s', (_, make) => {
  make();
  const page = open();
  const { id } = page.visit;
  expect(id).toMatch(/^[\da-f]{32}$/);
  page.recorder.core.log('info', 'hello');
  expect(page.visit.id).toBe(id);
  expect(page.recorder.logs).toHaveLength(2);
});
