// @vitest-environment happy-dom
import { createPinia, defineStore, setActivePinia } from 'pinia';
import { createApp } from 'vue';
import { expect, it } from 'vitest';
import { record } from '../../test/support/recorder.js';
import { type PiniaTelemetryOptions, piniaTelemetry } from './index.js';

const start = (options?: PiniaTelemetryOptions) => {
  const recorder = record({ name: 'none', enable() {} });
  const pinia = createPinia();
  createApp({}).use(pinia);
  pinia.use(piniaTelemetry(recorder.core, options));
  setActivePinia(pinia);
  return recorder;
};

const useCart = defineStore('cart', {
  state: () => ({ items: [] as string[] }),
  actions: {
    add(item: string) {
      this.items.push(item);
      return this.items.length;
    },
    async load(fail: boolean) {
      this.add('first');
      await Promise.resolve();
      if (fail) throw new RangeError('no cart');
      return 'loaded';
    },
  },
});

const useUser = defineStore('user', () => ({ login: () => 'in' }));

it('has a span for each action, sync or not, with what it calls inside', async () => {
  const recorder = start();
  const cart = useCart();
  expect(cart.add('secret')).toBe(1);
  await expect(cart.load(false)).resolves.toBe('loaded');
  expect(useUser().login()).toBe('in');
  const [add, inner, load, login] = recorder.spans;
  expect([add, inner, load, login].map((span) => span!.name)).toEqual(['cart.add', 'cart.add', 'cart.load', 'user.login']);
  expect(inner).toMatchObject({ traceId: load!.traceId, parentId: load!.spanId });
  expect(add!.attributes).toEqual({ 'pinia.store': 'cart', 'pinia.action': 'add' });
});

it('passes errors on, and marks the span', async () => {
  const recorder = start();
  await expect(useCart().load(true)).rejects.toThrow(new RangeError('no cart'));
  expect(recorder.spans.at(-1)).toMatchObject({ name: 'cart.load', status: 2, attributes: { 'error.type': 'RangeError' } });
});

it('leaves other stores alone, is bounded, and gives actions back', async () => {
  const recorder = start({ stores: ['cart'], maxPerSecond: 2 });
  const seen: string[] = [];
  const cart = useCart();
  cart.$onAction(({ name }) => void seen.push(name));
  useUser().login();
  for (const item of ['a', 'b', 'c']) cart.add(item);
  expect(recorder.spans).toHaveLength(2);
  expect(recorder.losses).toMatchObject([{ signal: 0, reason: 6, count: 1 }]);
  void recorder.core.shutdown();
  cart.add('d');
  expect(recorder.spans).toHaveLength(2);
  expect(seen).toEqual(['add', 'add', 'add', 'add']);
  expect(cart.items).toEqual(['a', 'b', 'c', 'd']);
});
