import { expect, it } from 'vitest';
import { record } from '../../../test/support/recorder.js';
import { startCollector, startTelemetry } from '../../../test/support/collector.js';
import { limits } from './index.js';
import { limits as built } from '@aetherterm/telemetry/limits';

const CONTEXT = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), sampled: true };
const numbered = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]));

it('leaves out and counts what is too much', () => {
  const recorder = record(
    limits({ attributeCountLimit: 2, attributeValueLengthLimit: 3, eventCountLimit: 1, linkCountLimit: 1, attributePerEventCountLimit: 1, attributePerLinkCountLimit: 0 }),
  );
  const given = { a: 'abcdef', none: undefined, b: ['abcd', 1], c: 1 };
  recorder.core.startSpan('one', { attributes: given }).event('e', given).event('f').link(CONTEXT, given).link(CONTEXT).link(CONTEXT).end();
  recorder.core.log('info', 'long body', { attributes: { a: 'ab😀', b: 1, c: 2, d: 3 } });
  expect(recorder.spans[0]).toMatchObject({
    attributes: { a: 'abc', b: ['abc', 1] },
    droppedAttributes: 1,
    droppedEvents: 1,
    droppedLinks: 2,
    events: [{ name: 'e', attributes: { a: 'abc' }, droppedAttributes: 2 }],
    links: [{ context: CONTEXT, attributes: {}, droppedAttributes: 3 }],
  });
  expect(recorder.logs[0]).toMatchObject({ body: 'long body', attributes: { a: 'ab', b: 1 }, droppedAttributes: 2 });
  expect(given).toEqual({ a: 'abcdef', none: undefined, b: ['abcd', 1], c: 1 });
});

it('without them the specification’s hold, and counts arrive at the backend', async () => {
  const collector = await startCollector();
  const telemetry = startTelemetry(collector);
  const span = telemetry.startSpan('one', { attributes: numbered(130), links: Array<typeof CONTEXT>(130).fill(CONTEXT) });
  for (let i = 0; i < 130; i++) span.event('e');
  span.link(CONTEXT, numbered(1)).end();
  telemetry.log('info', 'x', { attributes: numbered(129) });
  await telemetry.flush();
  const [found] = collector.spans();
  expect(Object.keys(found!.attributes)).toHaveLength(128);
  expect([found!.events.length, found!.links.length]).toEqual([128, 128]);
  expect(found!.dropped).toEqual({ attributes: 2, events: 2, links: 3 });
  expect(collector.logs()[0]!.droppedAttributes).toBe(1);
});

it('lower ones arrive, too', async () => {
  const collector = await startCollector();
  const telemetry = startTelemetry(collector, { instrumentations: [built({ attributeCountLimit: 1, attributePerEventCountLimit: 1, attributePerLinkCountLimit: 1 })] });
  telemetry.startSpan('one', { attributes: numbered(3) }).event('e', numbered(3)).link(CONTEXT, numbered(4)).end();
  await telemetry.flush();
  const [found] = collector.spans();
  expect(found!.dropped).toEqual({ attributes: 2, events: 0, links: 0 });
  expect(found!.events[0]).toMatchObject({ attributes: { k0: 0 }, droppedAttributes: 2 });
  expect(found!.links[0]).toMatchObject({ droppedAttributes: 3 });
});
