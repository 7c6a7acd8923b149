// @vitest-environment happy-dom
/** The Vue plugin as it is published, up to what a backend receives. */
import { createPinia, defineStore } from 'pinia';
import { createApp, h } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import { expect, it, onTestFinished } from 'vitest';
import { piniaTelemetry } from '@aetherterm/telemetry/pinia';
import { type VueTelemetry, createTelemetry, useSpan, useTelemetry } from '@aetherterm/telemetry/vue';
import { type Collector, startCollector } from './support/collector.js';

const start = async (): Promise<[VueTelemetry, Collector]> => {
  const collector = await startCollector();
  // The page's own origin, as it would be.
  (window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(`${collector.url}/`);
  const env = { VITE_TELEMETRY_ENDPOINT: `${collector.url}/v1/traces`, VITE_TELEMETRY_HEADERS: 'x-tenant=7' };
  const telemetry = createTelemetry({ serviceName: 'vue-app', instrumentFetch: false, env });
  onTestFinished(() => telemetry.shutdown());
  expect(await telemetry.ready).toBe(true);
  return [telemetry, collector];
};

it('is a plugin, injected by useTelemetry, that knows routes, errors and stores', async () => {
  const [telemetry, collector] = await start();
  const useCart = defineStore('cart', { actions: { load: () => Promise.resolve(1) } });
  let found: unknown;
  const user = {
    name: 'User',
    setup: () => {
      found = useTelemetry();
      useSpan('look at a user');
      return () => h('button', { onClick: () => { throw new RangeError('broken'); } });
    },
  };
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { render: () => h('p') } }, { path: '/users/:id', component: user }] });
  const pinia = createPinia();
  pinia.use(piniaTelemetry(telemetry));
  const app = createApp({ template: '', render: () => h(router.currentRoute.value.path === '/' ? 'p' : user) }).use(pinia).use(router).use(telemetry);
  const handled: unknown[] = [];
  app.config.errorHandler = (error) => void handled.push(error);
  const root = document.createElement('div');
  app.mount(root);
  await router.push('/users/42');
  await useCart().load();
  root.querySelector('button')!.click();
  app.unmount();
  await telemetry.flush();

  expect(found).toBe(telemetry);
  expect(handled).toMatchObject([{ message: 'broken' }]);
  expect(collector.requests.find(({ path }) => path === '/v1/traces')).toMatchObject({ headers: { 'x-tenant': '7' } });
  const spans = Object.fromEntries(collector.spans().map((span) => [span.name, span]));
  for (const name of ['navigate /users/:id', 'cart.load', 'look at a user']) expect(spans[name]!.attributes['aether.route']).toBe('/users/:id');
  expect(spans['look at a user']!.parentSpanId).toBe(spans['navigate /users/:id']!.spanId);
  expect(collector.logs()).toMatchObject([
    { severity: 17, body: 'broken', attributes: { 'exception.type': 'RangeError', 'exception.stacktrace': expect.any(String), 'vue.component': 'User', 'aether.route': '/users/:id' } },
  ]);
});
