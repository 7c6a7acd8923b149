/** `docs/other-clients.md`: its JavaScript programs run as printed, without our package. */
import { expect, it, vi } from 'vitest';

import { startListing, startShop } from '../support/listings.js';
import { stored } from '../support/traces.js';

it('an order by hand, and a listener that is told of it', async () => {
  const shop = await startShop();
  const listener = startListing('listen.mjs', shop);
  expect(await listener.line()).toBe('listening');
  const order = startListing('order.mjs', shop);
  expect(await order.line()).toBe('thanks');
  const traceId = (await order.line()).replace('trace ', '');
  expect(await order.ended()).toBe(0);
  const heard = await listener.line();
  await vi.waitFor(async () => {
    const spans = (await stored(shop)).filter((span) => span.traceId === traceId);
    expect(spans.map(({ name, kind }) => `${name}: ${kind}`).sort()).toEqual(['process order: server', 'send sold: producer']);
    const [processed, sent] = ['process order', 'send sold'].map((name) => spans.find((span) => span.name === name)!);
    expect(processed!.tags['socketio.context']).toBe('trailing');
    expect(sent!.parentId).toBe(processed!.spanId);
    expect(heard).toBe(`sold a book ${traceId}-${sent!.spanId}-1`);
  }, { timeout: 8000, interval: 25 });
});
