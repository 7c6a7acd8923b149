// @vitest-environment happy-dom
import { type App, createApp, h } from 'vue';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type Recorder, record } from '../../test/support/recorder.js';
import { errors } from '../instrumentations/errors/index.js';
import { vuePlugin } from './plugin.js';

const start = (prepare: (app: App) => void = () => {}): [App, HTMLElement, Recorder, () => void] => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const recorder = record(errors());
  const app = createApp({ name: 'Cart', render: () => h('button', { onClick: () => { throw new RangeError('broken'); } }) });
  prepare(app);
  const plugin = vuePlugin(recorder.core);
  app.use(plugin);
  return [app, document.createElement('div'), recorder, () => plugin.dispose()];
};

const click = (app: App, root: HTMLElement): void => {
  app.mount(root);
  root.querySelector('button')!.click();
};

it.each(['before', 'after'])('records an error once and hands it on to a handler set %s', (when) => {
  const own = vi.fn();
  const [app, root, recorder] = start((app) => {
    if (when === 'before') app.config.errorHandler = own;
  });
  if (when === 'after') app.config.errorHandler = own;
  click(app, root);
  expect(own).toHaveBeenCalledExactlyOnceWith(expect.any(RangeError), expect.anything(), expect.any(String));
  const [error] = own.mock.calls[0] as [RangeError];
  window.dispatchEvent(Object.assign(new Event('error'), { error, message: 'broken' }));
  expect(recorder.logs).toMatchObject([
    { severity: 17, body: 'broken', attributes: { 'exception.type': 'RangeError', 'vue.component': 'Cart', 'vue.info': expect.any(String) } },
  ]);
});

it('lets handlers call the ones they have found', () => {
  const calls: string[] = [];
  const [app, root, recorder] = start((app) => {
    app.config.errorHandler = () => void calls.push('first');
  });
  for (const name of ['second', 'third']) {
    const found = app.config.errorHandler;
    app.config.errorHandler = (...args) => {
      calls.push(name);
      found?.(...args);
    };
  }
  click(app, root);
  expect(calls).toEqual(['third', 'second', 'first']);
  expect(recorder.logs).toHaveLength(1);
});

it('without a handler leaves the error to Vue, which throws it while developing', () => {
  const [app, root, recorder] = start();
  app.mount(root);
  const thrown = vi.fn();
  window.addEventListener('error', thrown);
  onTestFinished(() => window.removeEventListener('error', thrown));
  try {
    root.querySelector('button')!.click();
  } catch (error) {
    thrown(error);
  }
  expect(thrown).toHaveBeenCalled();
  expect(recorder.logs).toMatchObject([{ body: 'broken', attributes: { 'vue.component': 'Cart' } }]);
});

it('gives the handler back', () => {
  const own = vi.fn();
  const [app, root, recorder, dispose] = start();
  app.config.errorHandler = own;
  dispose();
  expect(app.config.errorHandler).toBe(own);
  click(app, root);
  expect(own).toHaveBeenCalledOnce();
  expect(recorder.logs).toHaveLength(0);
});

it('goes when the app is unmounted', () => {
  const [app, root] = start();
  app.mount(root);
  app.unmount();
  expect(Object.getOwnPropertyDescriptor(app.config, 'errorHandler')).toMatchObject({ value: undefined });
});
