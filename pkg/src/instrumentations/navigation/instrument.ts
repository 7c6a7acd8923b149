/**
 * A log record `browser.navigation` whenever the page's URL changes without a load, from the Navigation API where
 * there is one, else from the History API.
 */
import { all, listen, patch } from '../../core/hooks.js';
import { parseUrl, recordUrl } from '../../core/url.js';
import type { InstrumentationContext } from '../../types.js';
import type { NavigationOptions } from './options.js';

interface NavigationLike extends EventTarget {
  currentEntry?: { url?: string | null };
}

export const instrument = (context: InstrumentationContext, { route }: NavigationOptions): (() => void) => {
  if (!globalThis.location) return () => {};
  let before = location.href;

  const follow = (url: URL): void => {
    const template = route?.(url);
    if (template) context.setRoute(template);
  };
  const changed = context.guard((type: string) => {
    const url = parseUrl(location.href)!;
    if (url.href === before) return;
    const from = parseUrl(before)!;
    before = url.href;
    follow(url);
    const [here, there] = [recordUrl(context, url), recordUrl(context, from)];
    context.log('info', `navigation to ${here}`, {
      eventName: 'browser.navigation',
      attributes: {
        'url.full': here,
        'browser.navigation.type': type,
        'browser.navigation.from': there,
        'browser.navigation.hash_change': url.hash !== from.hash && url.href.split('#')[0] === from.href.split('#')[0],
      },
    });
  });
  context.guard(follow)(parseUrl(before)!);

  const api = (globalThis as { navigation?: NavigationLike }).navigation;
  if (api) {
    return listen<Event & { navigationType?: string }>(context, api, 'currententrychange', ({ navigationType }) => changed(navigationType ?? 'update'));
  }
  const after = (name: string, type: string): (() => void) =>
    patch(history, name, (original) =>
      function (this: History, ...args) {
        const result = original.apply(this, args);
        changed(type);
        return result;
      },
    );
  const target = globalThis as unknown as EventTarget;
  return all(
    after('pushState', 'push'),
    after('replaceState', 'replace'),
    listen(context, target, 'popstate', () => changed('traverse')),
    listen(context, target, 'hashchange', () => changed('push')),
  );
};
