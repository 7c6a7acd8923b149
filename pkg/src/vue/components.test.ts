// @vitest-environment happy-dom
import { type Component, createApp, defineComponent, h, nextTick, ref } from 'vue';
import { expect, it, onTestFinished } from 'vitest';
import { type Recorder, record } from '../../test/support/recorder.js';
import { type ComponentSpanOptions, componentSpans, useComponentSpans } from './components.js';
import { vuePlugin } from './plugin.js';
import { useSpan } from './span.js';

const mount = (root: Component, options?: ComponentSpanOptions | false): [Recorder, () => void] => {
  const recorder = record({ name: 'none', enable() {} });
  const app = createApp(root).use(vuePlugin(recorder.core));
  if (options !== false) app.use(componentSpans, options);
  app.mount(document.createElement('div'));
  let mounted = true;
  const unmount = (): void => {
    if (mounted) app.unmount();
    mounted = false;
  };
  onTestFinished(unmount);
  return [recorder, unmount];
};

const count = ref(0);
const Inner = defineComponent({ name: 'Inner', setup: () => () => h('i', count.value) });
const Unnamed = defineComponent({ setup: () => () => h(Inner) });
const Outer = defineComponent({ __name: 'Outer', setup: () => () => h('p', h(Unnamed)) });

it('has spans for mounting and updating, in each other as the components are', async () => {
  const [recorder] = mount(Outer);
  count.value++;
  await nextTick();
  const [inner, outer, update] = recorder.spans;
  expect(recorder.spans.map(({ name }) => name)).toEqual(['mount Inner', 'mount Outer', 'update Inner']);
  expect(inner).toMatchObject({ traceId: outer!.traceId, parentId: outer!.spanId, attributes: { 'vue.component': 'Inner' } });
  expect(update!.traceId).not.toBe(outer!.traceId);
});

it('has them for those that are named, is bounded, and ends with telemetry', async () => {
  const [recorder] = mount(Outer, { names: ['Inner'], maxPerSecond: 1 });
  for (let turn = 0; turn < 3; turn++) {
    count.value++;
    await nextTick();
  }
  expect(recorder.spans.map(({ name }) => name)).toEqual(['mount Inner', 'update Inner']);
  expect(recorder.losses).toHaveLength(2);
  void recorder.core.shutdown();
  count.value++;
  await nextTick();
  expect(recorder.losses).toHaveLength(2);
});

it('has them for a component that asks for it, without a mixin', () => {
  const Asking = defineComponent({ name: 'Asking', setup: () => (useComponentSpans(), () => h(Inner)) });
  const [recorder] = mount(Asking, false);
  expect(recorder.spans.map(({ name }) => name)).toEqual(['mount Asking']);
});

it('ends the span of a component when it goes, or when told', () => {
  const Editor = defineComponent({
    setup: () => {
      useSpan('edit', { attributes: { kind: 'order' } });
      useSpan('load').end();
      return () => h('p');
    },
  });
  const [recorder, unmount] = mount(Editor, false);
  expect(recorder.spans.map(({ name }) => name)).toEqual(['load']);
  unmount();
  expect(recorder.spans.map(({ name, attributes }) => [name, attributes['kind']])).toEqual([
    ['load', undefined],
    ['edit', 'order'],
  ]);
});
