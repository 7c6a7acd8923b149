/** `@aetherterm/telemetry/remote-config`: settings from the server, while the page runs. */
import type { Core } from '../../core/core.js';
import { originalFetch } from '../../core/fetch.js';
import { all, listen } from '../../core/hooks.js';
import { type Timer, later } from '../../core/later.js';
import { endpoints } from '../../core/options.js';
import { warnOnce } from '../../core/warn.js';
import type { Instrumentation } from '../../types.js';
import { type RemoteRule, type RemoteSettings, readAnswer } from './answer.js';
import { createRemote } from './apply.js';
import { readCache, writeCache } from './cache.js';

export type { RemoteRule, RemoteSettings };

/** Options of {@link remoteConfig}. */
export interface RemoteConfigOptions {
  /** Where to ask. Default: `/v1/config` beside the endpoint's `/v1/traces`. */
  url?: string;
  /** Time between two questions, in milliseconds. Default: what the answer's `Cache-Control: max-age` says (a minute at least), or 5 minutes. */
  refreshMs?: number;
  /** Whether the last good answer is kept in `localStorage` and holds from the beginning of the next page view. Default `true`. */
  cache?: boolean;
}

const REFRESH_MS = 5 * 60_000;
const TIMEOUT_MS = 10_000;
/** However short the server says an answer lives, nobody asks more often, or, if the page says so, than every second. */
const LEAST_MS = 60_000;
const LEAST_BY_OPTION_MS = 1000;

const maxAge = (header: string | null): number | undefined => {
  const seconds = /(?:^|,)\s*max-age=(\d{1,9})\s*(?:,|$)/i.exec(header ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
};

/**
 * Asks the server what to record: sampling, instrumentations, limits, and whether telemetry is on at all. Nothing waits
 * for the answer. It holds from when it is there, over what the page says, and is kept for the next page view; what the
 * page's own `fetch` sees of it is nothing. An answer that cannot be used changes nothing, which is said once.
 *
 * `"enabled": false` ends telemetry for the page view: all instrumentations are undone, and what waits is not sent. To
 * be sure that nothing is recorded in the next one either, put it first.
 *
 * @example
 * createTelemetry({ serviceName: 'shop', instrumentations: [remoteConfig(), errors(), sampling({ maxTracesPerSecond: 50 })] });
 */
export const remoteConfig = (options: RemoteConfigOptions = {}): Instrumentation => ({
  name: 'remote-config',
  enable(context) {
    const core = context as Core;
    const url = options.url === undefined ? endpoints(core.options.endpoint)?.[0]!.replace(/traces(?=[^/]*$)/, 'config') : new URL(options.url, globalThis.location?.href).href;
    if (!url) return () => {};
    const fetch = originalFetch();
    const remote = createRemote(core);
    const { cache = true } = options;
    const failed = (why: string): void => warnOnce(`remote config: the answer of ${url.split(/[?#]/)[0]} is not used: ${why}. Settings stay as they are`);
    let on = true;
    let due = 0;
    let known: string | undefined;
    let timer: Timer | undefined;

    const use = (text: string): boolean => {
      if (text === known) return true;
      const settings = readAnswer(text);
      if (typeof settings === 'string') failed(settings);
      else {
        known = text;
        remote.apply(settings);
      }
      return known === text;
    };
    const wait = (ms: number): void => {
      clearTimeout(timer);
      due = Date.now() + ms;
      // Whoever is killed hears of it with the next load.
      if (on && !remote.isKilled()) timer = later(Math.min(ms, 0x7fffffff), ask);
    };
    const ask = context.guard((): void => {
      clearTimeout(timer);
      // Nobody is looking; it is asked for when somebody does.
      if (globalThis.document?.visibilityState === 'hidden') return;
      due = Infinity;
      load()
        .catch((error: unknown) => {
          failed(String((error as Error)?.message ?? error));
          return undefined;
        })
        .then((ms) => wait(options.refreshMs === undefined ? Math.max(LEAST_MS, ms ?? REFRESH_MS) : Math.max(LEAST_BY_OPTION_MS, options.refreshMs)))
        .catch(() => {});
    });
    const load = async (): Promise<number | undefined> => {
      const { headers = {} } = core.options;
      const parsed = typeof headers === 'string' ? (await import('../../core/headers.js')).parseHeaders(headers) : headers;
      // The browser asks with the ETag that it knows; who has cached it all the same gets it from there.
      const response = await fetch(url, { headers: { accept: 'application/json', ...parsed }, cache: 'no-cache', signal: AbortSignal.timeout(TIMEOUT_MS) });
      const text = await response.text();
      if (!response.ok) throw new Error(`its status is ${response.status}`);
      const ms = maxAge(response.headers.get('cache-control'));
      if (on && use(text) && cache) writeCache({ url, text, until: Date.now() + (ms ?? REFRESH_MS) });
      return ms;
    };

    const cached = cache ? readCache(url) : undefined;
    // What was good once may not be for this version; then it is asked for, and that tells.
    const left = cached && typeof readAnswer(cached.text) !== 'string' && use(cached.text) ? Math.min(cached.until - Date.now(), 24 * 60 * 60_000) : 0;
    if (left > 0) wait(left);
    else ask();
    return all(
      listen(context, globalThis.document, 'visibilitychange', () => {
        if (document.visibilityState === 'visible' && Date.now() >= due) ask();
      }),
      () => {
        on = false;
        clearTimeout(timer);
        remote.end();
      },
    );
  },
});
