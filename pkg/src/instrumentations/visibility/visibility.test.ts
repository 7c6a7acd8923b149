// @vitest-environment happy-dom
import { expect, it, vi } from 'vitest';
import { record } from '../../../test/support/recorder.js';
import { visibility } from './index.js';

it('records changes with how long the state before has lasted', () => {
  const recorder = record(visibility());
  const state = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
  document.dispatchEvent(new Event('visibilitychange'));
  document.dispatchEvent(new Event('visibilitychange'));
  document.dispatchEvent(new Event('freeze'));
  window.dispatchEvent(new Event('pagehide'));
  state.mockRestore();
  expect(recorder.logs.map(({ attributes }) => [attributes!['browser.page.visibility'], attributes!['browser.page.visibility.before']])).toEqual([
    ['hidden', 'visible'],
    ['frozen', 'hidden'],
    ['gone', 'frozen'],
  ]);
  expect(recorder.logs[0]!.attributes!['browser.page.visibility.duration']).toBeGreaterThanOrEqual(0);
});
