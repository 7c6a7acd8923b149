/** Counters and histograms: added up, bounded, sent, and begun anew. */
import { expect, it } from 'vitest';
import { startBoth } from './support/collector.js';
import { until } from './support/until.js';

it('are added up by attributes, and begin anew after each export', async () => {
  const [telemetry, collector] = await startBoth();
  const sent = telemetry.counter('sent', '{event}');
  for (const [value, event] of [[1, 'a'], [2.5, 'a'], [7, 'b']] as const) sent.add(value, { event });
  sent.add(-1);
  const duration = telemetry.histogram('duration', 's');
  for (const value of [0.004, 0.005, 0.3, 99]) duration.record(value);
  telemetry.histogram('size', 'By').record(3);
  telemetry.histogram('broken').record(NaN);
  await telemetry.flush();
  const points = collector.metrics();
  expect(points).toMatchObject([
    { name: 'sent', unit: '{event}', attributes: { event: 'a' }, value: 3.5 },
    { name: 'sent', unit: '{event}', attributes: { event: 'b' }, value: 7 },
    { name: 'duration', unit: 's', value: 4, sum: 99.309 },
    { name: 'size', unit: 'By', value: 1, sum: 3 },
    { name: 'aether.telemetry.dropped', attributes: { signal: 'metrics', reason: 'malformed' }, value: 1 },
  ]);
  expect(points[2]!.buckets).toEqual([2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
  expect(points[3]!.buckets).toHaveLength(16);
  expect(points[2]!.bounds).toHaveLength(14);
  await telemetry.flush();
  expect(collector.metrics()).toHaveLength(points.length);
  sent.add(1, { event: 'a' });
  await telemetry.flush();
  expect(collector.metrics().at(-1)).toMatchObject({ name: 'sent', value: 1 });
});

it('are bounded, and the excess is still counted', async () => {
  const [telemetry, collector] = await startBoth();
  const clicks = telemetry.counter('clicks');
  // What adds them up has been loaded.
  telemetry.counter('first').add(1);
  await telemetry.flush();
  for (let user = 0; user < 1000; user++) clicks.add(1, { user });
  telemetry.counter('late').add(3, { user: 1 });
  await telemetry.flush();
  const points = collector.metrics();
  const of = (name: string) => points.filter((point) => point.name === name);
  expect(of('clicks')).toHaveLength(201);
  expect(of('clicks').at(-1)).toMatchObject({ attributes: { 'otel.metric.overflow': true }, value: 800 });
  expect(of('late')).toMatchObject([{ attributes: { 'otel.metric.overflow': true }, value: 3 }]);
});

it('go out by themselves when their interval is over', async () => {
  const [telemetry, collector] = await startBoth({ metricsIntervalMs: 1000, scheduledDelayMs: 0 });
  telemetry.counter('clicks').add(2);
  await until(() => collector.metrics().length === 1);
  expect(collector.metrics()).toMatchObject([{ name: 'clicks', value: 2 }]);
});
