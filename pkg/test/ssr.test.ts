/** On a server that renders there is no document: nothing happens, and nothing breaks. */
import { readFileSync } from 'node:fs';
import { createPinia, defineStore } from 'pinia';
import { type Component, createSSRApp, h } from 'vue';
import { RouterView, createMemoryHistory, createRouter } from 'vue-router';
import { renderToString } from 'vue/server-renderer';
import { expect, it, vi } from 'vitest';
import { piniaTelemetry } from '@aetherterm/telemetry/pinia';
import { componentSpans, createTelemetry, useComponentSpans, useSpan, useTelemetry } from '@aetherterm/telemetry/vue';

const { exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { exports: Record<string, unknown> };
const entries = Object.keys(exports).filter((name) => name !== './package.json');

it.each(entries)('importing %s needs no document and touches nothing', async (entry) => {
  const before = Object.getOwnPropertyNames(globalThis);
  const { fetch } = globalThis;
  const module = (await import(entry.replace('.', '@aetherterm/telemetry'))) as object;
  expect(Object.keys(module).length).toBeGreaterThan(0);
  expect(Object.getOwnPropertyNames(globalThis)).toEqual(before);
  expect(globalThis.fetch).toBe(fetch);
});

it('renders an app with everything in it as it would without', async () => {
  const { fetch } = globalThis;
  const said = vi.spyOn(console, 'warn');
  const telemetry = createTelemetry({ serviceName: 'vue-app' });
  const useCart = defineStore('cart', { state: () => ({ items: 2 }), actions: { count() { return this.items; } } });
  const page: Component = {
    name: 'Page',
    setup: () => {
      useComponentSpans();
      const span = useSpan('read');
      const count = useTelemetry().span('count', () => useCart().count());
      return () => h('p', `${count} ${span.sampled}`);
    },
  };
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/users/:id', component: page }] });
  const pinia = createPinia();
  pinia.use(piniaTelemetry(telemetry));
  const app = createSSRApp({ render: () => h(RouterView) }).use(pinia).use(router).use(telemetry).use(componentSpans);
  const own = vi.fn();
  app.config.errorHandler = own;
  await router.push('/users/42');
  expect(await renderToString(app)).toBe('<p>2 false</p>');
  expect(app.config.errorHandler).toBe(own);
  expect(globalThis.fetch).toBe(fetch);
  expect(telemetry.stats()).toMatchObject({ state: 'disabled', queued: 0, dropped: {} });
  expect(await telemetry.ready).toBe(false);
  await telemetry.shutdown();
  expect(said).not.toHaveBeenCalled();
  said.mockRestore();
});

it('says where the plugin is missing', async () => {
  const app = createSSRApp({ setup: () => (useTelemetry(), () => h('p')) });
  app.config.warnHandler = () => {};
  await expect(renderToString(app)).rejects.toThrow('app.use(createTelemetry');
});
