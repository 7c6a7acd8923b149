/**
 * A log record `browser.page_visibility` for each change, with how long the state before has lasted; see
 * <https://developer.chrome.com/docs/web-platform/page-lifecycle-api>.
 */
import { tick } from '../../core/clock.js';
import { all, listen } from '../../core/hooks.js';
import type { InstrumentationContext } from '../../types.js';
import type { VisibilityOptions } from './options.js';

export const instrument = (context: InstrumentationContext, _options: VisibilityOptions): (() => void) => {
  const { document } = globalThis;
  if (!document) return () => {};
  let state: string = document.visibilityState;
  let since = tick();

  const change = (now: string): void => {
    // A page that is left becomes hidden afterwards, which says nothing new.
    if (now === state || (state === 'gone' && now === 'hidden')) return;
    context.log('info', `page ${now}`, {
      eventName: 'browser.page_visibility',
      attributes: { 'browser.page.visibility': now, 'browser.page.visibility.before': state, 'browser.page.visibility.duration': (tick() - since) / 1000 },
      context: null,
    });
    state = now;
    since = tick();
  };
  // Capturing: export listens as well, and what happens now should be among what it sends.
  const early = { capture: true };
  return all(
    listen(context, document, 'visibilitychange', () => change(document.visibilityState), early),
    listen(context, document, 'freeze', () => change('frozen'), early),
    listen(context, document, 'resume', () => change(document.visibilityState), early),
    listen(context, globalThis as unknown as EventTarget, 'pagehide', () => change('gone'), early),
    listen(context, globalThis as unknown as EventTarget, 'pageshow', () => change(document.visibilityState), early),
  );
};
