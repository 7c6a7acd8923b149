// @vitest-environment happy-dom
import { beforeEach, expect, it } from 'vitest';
import { until } from '../../../test/support/until.js';
import { record } from '../../../test/support/recorder.js';
import { interaction } from './index.js';

/** As a person does it; a script cannot make trusted events, so these claim to be. */
const click = (selector: string): void => {
  const event = new MouseEvent('click', { bubbles: true });
  Object.defineProperty(event, 'isTrusted', { value: true });
  document.querySelector(selector)!.dispatchEvent(event);
};

beforeEach(() => {
  document.body.innerHTML = '<button id="b1" type="button"><i>Buy</i></button><a href="/x" data-telemetry="more">more</a><p>text</p>';
});

it('is the context of what the listeners do, and of nothing after', async () => {
  const recorder = record(interaction());
  document.querySelector('button')!.addEventListener('click', () => recorder.core.startSpan('emit').end());
  click('i');
  expect(recorder.core.active()).toBeUndefined();
  recorder.core.startSpan('unrelated').end();
  await until(() => recorder.spans.length === 3);
  const [emit, unrelated, own] = recorder.spans;
  expect(own).toMatchObject({ name: 'click', parentId: '', attributes: { 'browser.interaction.type': 'click', 'browser.interaction.target': 'button[type=button]' } });
  expect(emit).toMatchObject({ traceId: own!.traceId, parentId: own!.spanId });
  expect(unrelated!.traceId).not.toBe(own!.traceId);
  expect(JSON.stringify(own!.attributes)).not.toMatch(/Buy|b1/);
});

it('is left even when a listener stops the event', async () => {
  const recorder = record(interaction());
  document.querySelector('a')!.addEventListener('click', (event) => event.stopImmediatePropagation());
  click('a');
  expect(recorder.core.active()).toBeDefined();
  await until(() => !recorder.core.active());
  await until(() => recorder.spans.length === 1);
  expect(recorder.spans[0]!.attributes['browser.interaction.target']).toBe('more');
});

it('begins only where it should, and not too often', async () => {
  const recorder = record(interaction({ maxTracesPerSecond: 1 }));
  click('p');
  document.querySelector('button')!.click();
  expect(recorder.core.active()).toBeUndefined();
  click('button');
  click('button');
  await until(() => recorder.spans.length === 1);
  expect(recorder.losses).toMatchObject([{ signal: 0, reason: 6 }]);
  recorder.undo();
  click('button');
  expect(recorder.core.active()).toBeUndefined();
});
