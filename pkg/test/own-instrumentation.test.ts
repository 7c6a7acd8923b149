// @vitest-environment happy-dom
/** An instrumentation of somebody else's, with what `/instrumentation` has for it: the listing of docs/browser.md as printed. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Limit, all, listen, patch, recordThrown } from '@aetherterm/telemetry/instrumentation';
import type { Instrumentation } from '@aetherterm/telemetry/instrumentation';
import { record } from './support/recorder.js';

const GUIDE = readFileSync(resolve(import.meta.dirname, '../../docs/browser.md'), 'utf8');

it('the listing works as printed', () => {
  const listing = /```ts\nexport (const visits[\s\S]*?)```/.exec(GUIDE)?.[1];
  expect(listing).toBeTruthy();
  const program = `${ts.transpile(listing!, { target: ts.ScriptTarget.ES2022 })}\nreturn visits;`;
  const visits = new Function('listen', program)(listen) as () => Instrumentation;
  const recorder = record(visits());
  window.dispatchEvent(new Event('pageshow'));
  expect(recorder.logs).toMatchObject([{ body: 'visit', eventName: 'visit', severityText: 'INFO' }]);
  recorder.undo();
  window.dispatchEvent(new Event('pageshow'));
  expect(recorder.logs).toHaveLength(1);
});

it('methods are replaced and given back, errors stay inside, what is thrown is recorded once, and too much is counted', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const shop = { order: (what: string) => `ordered ${what}` };
  const { order } = shop;
  const limit = new Limit(1);
  const thrown = new RangeError('once');
  const recorder = record({
    name: 'orders',
    enable: (context) =>
      all(
        patch(shop, 'order', (original) =>
          function (this: unknown, what: string) {
            context.guard(() => {
              if (!limit.allows('')) return context.rateLimited('logs');
              recordThrown(context, thrown);
              recordThrown(context, thrown);
              throw new Error('a mistake of the instrumentation');
            })();
            return original.call(this, what) as string;
          },
        ),
        listen(context, window, 'offline', () => { throw new Error('another one'); }),
      ),
  });
  expect(shop.order).not.toBe(order);
  expect([shop.order('a'), shop.order('b')]).toEqual(['ordered a', 'ordered b']);
  window.dispatchEvent(new Event('offline'));
  expect(recorder.logs).toMatchObject([{ attributes: { 'exception.type': 'RangeError' } }]);
  expect(recorder.losses).toHaveLength(1);
  expect(warn).toHaveBeenCalledTimes(2);
  recorder.undo();
  expect(shop.order).toBe(order);
});
