// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from 'vitest';
import { entries } from '../../../test/support/entries.js';
import { record } from '../../../test/support/recorder.js';
import { until } from '../../../test/support/until.js';
import { documentLoad } from './index.js';
import type { DocumentLoadOptions } from './options.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  document.head.innerHTML = '';
});

const resource = (name: string, startTime = 50, initiatorType = 'script') => ({ name, startTime, initiatorType, responseEnd: startTime + 5, responseStatus: 200 });
const url = (name: string) => `https://cdn.example/${name}`;

/** A page whose load is over; what it has loaded is told by `tell`. */
const loaded = async (options?: DocumentLoadOptions, navigation: object = {}) => {
  const found = entries('resource');
  const timing = { startTime: 0, type: 'navigate', fetchStart: 1, responseEnd: 20, domComplete: 0, loadEventEnd: 100, responseStatus: 200, ...navigation };
  vi.spyOn(performance, 'getEntriesByType').mockImplementation(((type: string) => (type === 'navigation' ? [timing] : [])) as never);
  const recorder = record(documentLoad(options));
  return { ...found, recorder };
};
const finished = (recorder: ReturnType<typeof record>) => until(() => recorder.spans.some(({ name }) => name === 'document load'));

it('has a span for the load with its moments, one for each resource, and none for requests and telemetry', async () => {
  const { recorder, tell } = await loaded();
  tell(resource(url('early.js?v=1')));
  await finished(recorder);
  tell(resource(url('late.js'), 500), resource(url('asked'), 60, 'fetch'), resource('data:,x'));
  const [load, early, late, ...more] = recorder.spans;
  expect(load).toMatchObject({ parentId: '', attributes: { 'browser.navigation.type': 'navigate', 'http.response.status_code': 200 } });
  expect(load!.events.map(({ name, time }) => [name, time - performance.timeOrigin])).toEqual([['fetchStart', 1], ['responseEnd', 20], ['loadEventEnd', 100]]);
  expect(load!.duration).toBeCloseTo(100, 0);
  expect(early).toMatchObject({ name: 'load script', traceId: load!.traceId, parentId: load!.spanId, attributes: { 'url.full': url('early.js?REDACTED') } });
  // What comes after the load belongs to no trace but its own.
  expect(late!.parentId).toBe('');
  expect(late!.traceId).not.toBe(load!.traceId);
  expect(more).toEqual([]);
});

it.each<[string, string | undefined, object]>([
  ['<meta name="b3">', `<meta name="b3" content="${TRACE}-${PARENT}-1">`, {}],
  ['<meta name="traceparent">', `<meta name="traceparent" content="00-${TRACE}-${PARENT}-01">`, {}],
  ['Server-Timing', undefined, { serverTiming: [{ name: 'traceparent', description: `00-${TRACE}-${PARENT}-01` }] }],
])('joins the trace that %s names', async (_what, meta, navigation) => {
  if (meta) document.head.innerHTML = meta;
  const { recorder } = await loaded(undefined, navigation);
  await finished(recorder);
  expect(recorder.spans).toMatchObject([{ traceId: TRACE, parentId: PARENT, sampled: true }]);
});

it('leaves resources out as it is told to, bounds them, and ends when undone', async () => {
  const bounded = await loaded({ maxResources: 1, ignoreUrls: [url('private/')] });
  await finished(bounded.recorder);
  bounded.tell(resource(url('private/a.js')), resource(url('b.js')), resource(url('c.js')));
  expect(bounded.recorder.spans.map(({ name, attributes }) => [name, attributes['url.full']]).slice(1)).toEqual([['load script', url('b.js')]]);
  expect(bounded.recorder.losses).toHaveLength(1);

  const without = await loaded({ resources: false });
  expect(without.observed()).toEqual([]);

  const undone = await loaded();
  undone.recorder.undo();
  expect(undone.observed()).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve));
  expect(undone.recorder.spans).toEqual([]);
});
