import { createSSRApp, h } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import { renderToString } from 'vue/server-renderer';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type VueTelemetry, createTelemetry, useTelemetry } from '@aetherterm/telemetry/vue';
import { type Collector, startCollector } from './support/collector.js';
import { wasm } from './support/wasm.js';

const start = async (): Promise<[VueTelemetry, Collector]> => {
  const collector = await startCollector();
  const env = { VITE_TELEMETRY_ENDPOINT: `${collector.url}/v1/traces`, VITE_TELEMETRY_HEADERS: 'x-tenant=7' };
  const telemetry = createTelemetry({ serviceName: 'vue-app', wasm: wasm(), instrumentFetch: false, env });
  onTestFinished(() => telemetry.shutdown());
  await telemetry.ready;
  return [telemetry, collector];
};

it('is a plugin, injected by useTelemetry', async () => {
  const [telemetry, collector] = await start();
  let found: unknown;
  const app = createSSRApp({ setup: () => ((found = useTelemetry()), () => h('p')) });
  app.use(telemetry);
  await renderToString(app);
  expect(found).toBe(telemetry);
  telemetry.startSpan('a').end();
  await telemetry.flush();
  expect(collector.requests[0]).toMatchObject({ path: '/v1/traces', headers: { 'x-tenant': '7' } });
});

it.each(['before', 'after'])('records errors and hands them on to a handler set %s', async (when) => {
  const [telemetry, collector] = await start();
  const app = createSSRApp({
    setup: () => {
      throw new RangeError('broken');
    },
  });
  const own = vi.fn();
  if (when === 'before') app.config.errorHandler = own;
  app.use(telemetry);
  if (when === 'after') app.config.errorHandler = own;
  await renderToString(app).catch(() => {});
  await telemetry.flush();
  expect(own).toHaveBeenCalledWith(expect.any(RangeError), expect.anything(), expect.any(String));
  expect(collector.logs()).toMatchObject([
    { severity: 17, body: 'broken', attributes: { 'exception.type': 'RangeError', 'exception.message': 'broken', 'exception.stacktrace': expect.any(String) } },
  ]);
});

it('knows the route by its template, and has a span for each navigation', async () => {
  const [telemetry, collector] = await start();
  const page = { render: () => h('p') };
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: page }, { path: '/users/:id', component: page }] });
  createSSRApp(page).use(router).use(telemetry);
  await router.push('/users/42');
  telemetry.startSpan('on the page').end();
  await telemetry.flush();
  const spans = Object.fromEntries(collector.spans().map((span) => [span.name, span]));
  expect(spans['navigate /users/:id']).toBeDefined();
  expect(spans['on the page']!.attributes['aether.route']).toBe('/users/:id');
});
