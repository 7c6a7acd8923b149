// @vitest-environment happy-dom
import { type Component, createApp, h } from 'vue';
import { type RouteRecordRaw, type Router, RouterView, createMemoryHistory, createRouter } from 'vue-router';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type Recorder, record } from '../../test/support/recorder.js';
import { useSpan } from './span.js';
import { vuePlugin } from './plugin.js';

const page: Component = { render: () => h('p') };
const routes: RouteRecordRaw[] = [
  { path: '/', component: page },
  { path: '/users/:id', component: page, children: [{ path: 'orders/:order', component: page }] },
  { path: '/old', redirect: '/' },
  { path: '/login', component: page },
  { path: '/secret', component: page },
];

const start = (more: RouteRecordRaw[] = [], prepare: (router: Router) => void = () => {}): [Router, Recorder, () => void] => {
  const recorder = record({ name: 'none', enable() {} });
  const router = createRouter({ history: createMemoryHistory(), routes: [...routes, ...more] });
  prepare(router);
  const plugin = vuePlugin(recorder.core);
  const app = createApp({ render: () => h(RouterView) }).use(router).use(plugin);
  app.mount(document.createElement('div'));
  onTestFinished(() => app.unmount());
  return [router, recorder, () => plugin.dispose()];
};

const named = (recorder: Recorder, name: string) => recorder.spans.find((span) => span.name === name);

it('has a span for each navigation, the first included, and the template on all that follows', async () => {
  const [router, recorder] = start();
  await router.isReady();
  recorder.core.startSpan('at home').end();
  await router.push('/users/42/orders/7');
  recorder.core.startSpan('at the order').end();
  const template = '/users/:id/orders/:order';
  expect(recorder.spans.map(({ name, attributes }) => [name, attributes['aether.route']])).toEqual([
    ['navigate /', '/'],
    ['at home', '/'],
    [`navigate ${template}`, template],
    ['at the order', template],
  ]);
  expect(named(recorder, `navigate ${template}`)!.attributes).toMatchObject({ 'aether.navigation.from': '/' });
  expect(JSON.stringify(recorder.spans.map(({ name, attributes }) => [name, attributes]))).not.toContain('42');
});

it('joins what has called for it, and is joined by the components that it brings up', async () => {
  let used = 0;
  const orders: Component = { setup: () => (used++, useSpan('read orders'), () => h('p')) };
  const [router, recorder] = start([{ path: '/orders', component: orders }]);
  await router.isReady();
  let going: unknown;
  recorder.core.span('click', () => (going = router.push('/orders')));
  await going;
  await vi.waitFor(() => expect(used).toBe(1));
  await router.push('/');
  await vi.waitFor(() => expect(named(recorder, 'read orders')).toBeDefined());
  const [click, navigation, component] = ['click', 'navigate /orders', 'read orders'].map((name) => named(recorder, name)!);
  expect(navigation).toMatchObject({ traceId: click!.traceId, parentId: click!.spanId });
  expect(component).toMatchObject({ traceId: click!.traceId, parentId: navigation!.spanId });
});

it('follows a navigation over redirects, by guards and by routes', async () => {
  const [router, recorder] = start([], (router) =>
    router.beforeEach((to) => (to.path === '/secret' ? '/users/1' : to.path === '/users/1' ? '/login' : undefined)),
  );
  await router.isReady();
  await router.push('/secret');
  await router.push('/old');
  router.beforeResolve((to) => (to.path === '/users/2' ? '/login' : undefined));
  await router.push('/users/2');
  const [, login, home, late] = recorder.spans;
  expect(recorder.spans).toHaveLength(4);
  expect(login).toMatchObject({ name: 'navigate /login', status: 0, attributes: { 'aether.navigation.redirected_from': '/secret' } });
  expect(home).toMatchObject({ name: 'navigate /', attributes: { 'aether.navigation.redirected_from': '/old' } });
  expect(late).toMatchObject({
    name: 'navigate /login',
    attributes: { 'aether.route': '/login', 'aether.navigation.redirected_from': '/users/:id' },
    events: [{ name: 'redirect', attributes: { 'aether.route': '/login' } }],
  });
});

it('tells refused, overtaken and repeated navigations apart', async () => {
  const [router, recorder] = start([], (router) => router.beforeEach((to) => to.path !== '/login'));
  await router.isReady();
  await router.push('/login');
  let release = (): void => {};
  router.beforeResolve((to) => (to.path === '/secret' ? new Promise<void>((done) => (release = done)) : undefined));
  const overtaken = router.push('/secret');
  await vi.waitFor(() => expect(release).toHaveLength(1));
  await router.push('/users/1');
  release();
  await overtaken;
  await router.push('/users/1');
  expect(recorder.spans.map(({ name, status, attributes }) => [name, status, attributes['aether.navigation.failure']])).toEqual([
    ['navigate /', 0, undefined],
    ['navigate /login', 0, 'aborted'],
    ['navigate /secret', 0, 'cancelled'],
    ['navigate /users/:id', 0, undefined],
  ]);
});

it('is not confused by a navigation that is overtaken before it has begun', async () => {
  const [router, recorder] = start();
  // The first one is under way.
  let going: unknown;
  recorder.core.span('click', () => (going = router.push('/login')));
  await going;
  const [click, first, login] = ['click', 'navigate /', 'navigate /login'].map((name) => named(recorder, name));
  expect(recorder.spans).toHaveLength(3);
  expect(first).toMatchObject({ parentId: '', attributes: { 'aether.navigation.failure': 'cancelled' } });
  expect(login).toMatchObject({ parentId: click!.spanId });
  expect(login!.attributes['aether.navigation.failure']).toBeUndefined();
});

it('measures how long components took to load, and loads them as before', async () => {
  let load = (_: Component): void => {};
  const lazy = vi.fn(() => new Promise<Component>((done) => (load = done)));
  const [router, recorder] = start([{ path: '/lazy', component: lazy }]);
  await router.isReady();
  const going = router.push('/lazy');
  await vi.waitFor(() => expect(lazy).toHaveBeenCalledOnce());
  load(page);
  await going;
  await router.push('/');
  await router.push('/lazy');
  expect(lazy).toHaveBeenCalledOnce();
  const [first, second] = recorder.spans.filter(({ name }) => name === 'navigate /lazy');
  expect(first!.attributes['aether.navigation.lazy_ms']).toBeGreaterThan(0);
  expect(first!.duration).toBeGreaterThanOrEqual(first!.attributes['aether.navigation.lazy_ms'] as number);
  expect(second!.attributes['aether.navigation.lazy_ms']).toBeUndefined();
});

it('records what goes wrong, and the console hears of it unless somebody listens', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => [said, warned].forEach((spy) => spy.mockRestore()));
  const error = new TypeError('chunk is gone');
  const [router, recorder] = start([{ path: '/gone', component: () => Promise.reject(error) }]);
  await router.isReady();
  await expect(router.push('/gone')).rejects.toBe(error);
  expect(said).toHaveBeenCalledExactlyOnceWith(error);
  const heard = vi.fn();
  router.onError(heard);
  await expect(router.push('/gone')).rejects.toBe(error);
  expect(said).toHaveBeenCalledOnce();
  expect(heard).toHaveBeenCalledOnce();
  const span = named(recorder, 'navigate /gone')!;
  expect(span).toMatchObject({ status: 2, attributes: { 'error.type': 'TypeError' } });
  expect(recorder.logs).toMatchObject([{ body: 'chunk is gone', context: { spanId: span.spanId } }]);
});

it('gives the router back', async () => {
  let push: unknown;
  const [router, recorder, dispose] = start([], (router) => (push = router.push));
  await router.isReady();
  dispose();
  await router.push('/login');
  recorder.core.startSpan('after').end();
  expect(recorder.spans.map(({ name }) => name)).toEqual(['navigate /', 'after']);
  expect(recorder.spans[1]!.attributes['aether.route']).toBeUndefined();
  expect(router.push).toBe(push);
});
