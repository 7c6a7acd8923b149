/** `@aetherterm/telemetry/everything`: all there is, in two chunks, for the second of which no first paint waits. */
import { type User, globalAttributes, userContext } from '../control/attributes/index.js';
import { beforeSend } from '../control/before-send/index.js';
import type { Session } from '../control/session/index.js';
import { Core } from '../core/core.js';
import { errors } from '../instrumentations/errors/index.js';
import { fetchInstrumentation } from '../instrumentations/fetch/index.js';
import { interaction } from '../instrumentations/interaction/index.js';
import { xhr } from '../instrumentations/xhr/index.js';
import type { Instrumentation, Telemetry, TelemetryOptions } from '../types.js';
import type { EarlyParts, LateParts, Parts } from './parts.js';
import type { Rest } from './rest.js';

export type { EarlyParts, LateParts, Parts };

/** Options of {@link everything}. */
export interface EverythingOptions extends Omit<TelemetryOptions, 'instrumentFetch'> {
  /** What the parts shall do, and which of them a page does not want. Default: all of them, as they are by default. */
  parts?: Parts;
}

/** The client, and what its parts can be told. */
export interface Everything extends Telemetry {
  /** The session that things belong to; without an `id` until the second chunk is there. */
  readonly session: Pick<Session, 'id' | 'sampled' | 'end'>;
  /** `user.*` on every span and log record from now on; `undefined`: nobody. */
  setUser(user: User | undefined): void;
}

/**
 * Starts telemetry with every instrumentation, sessions, settings from the server and the offline store. What must not
 * miss anything (errors, requests, interactions) is there at once. The others come together with the engine, as one chunk, which
 * weighs less than a chunk for each. What happens before is missed unless the browser keeps it, as it does for web
 * vitals, long frames and resource timing.
 *
 * A socket that is instrumented before that is as if it was instrumented then. Where its first packets matter, connect it
 * after `ready`.
 *
 * @example
 * const telemetry = everything({ serviceName: 'shop', parts: { csp: false, session: { keep: 'shared' } } });
 * createApp(App).use(router).use(vuePlugin(telemetry)).mount('#app');
 * telemetry.instrumentSocket(socket);
 */
export const everything = ({ parts = {}, instrumentations = [], ...options }: EverythingOptions): Everything => {
  const load = (): Promise<typeof import('./rest.js')> => import('./rest.js');
  let rest: Rest | undefined;
  /** What waits for the second chunk. */
  const waiting = new Set<(rest: Rest) => void>();
  /** Does something with it when it is there, which may be now; returns what undoes that. */
  const later = (act: (rest: Rest) => () => void): (() => void) => {
    let undo: (() => void) | undefined;
    const go = (rest: Rest): void => {
      undo = act(rest);
    };
    if (rest) go(rest);
    else waiting.add(go);
    return () => {
      waiting.delete(go);
      undo?.();
    };
  };
  const second: Instrumentation = {
    name: 'everything',
    enable(context) {
      let on = true;
      // With the engine, which is asked for when the page's own code has run.
      Promise.resolve().then(load).then(
        context.guard(({ enableRest }) => {
          if (!on) return;
          rest = enableRest(context as Core, parts);
          for (const go of waiting) go(rest);
        }),
        // The client tells it: its engine is in the same chunk.
        () => {},
      );
      return () => {
        on = false;
      };
    },
  };
  const user = userContext();
  const early = [
    parts.attributes && globalAttributes(parts.attributes),
    user,
    parts['before-send'] && beforeSend(parts['before-send']),
    parts.errors !== false && errors(parts.errors),
    parts.fetch !== false && fetchInstrumentation(parts.fetch),
    parts.xhr !== false && xhr(parts.xhr),
    parts.interaction !== false && interaction(parts.interaction),
    second,
  ].filter((part) => !!part);
  const visit = { get id() { return rest?.visit.id; }, get sampled() { return !!rest?.visit.sampled; }, end: () => rest?.visit.end() };
  return Object.assign(new Core({ ...options, instrumentations: [...early, ...instrumentations] }, load), {
    session: visit,
    setUser: user.setUser,
    instrumentSocket: ((socket, own) => later(({ sockets }) => sockets.instrument(socket, own))) as Telemetry['instrumentSocket'],
    onSocketActivity: ((listener) => later(({ sockets }) => sockets.onActivity(listener))) as Telemetry['onSocketActivity'],
  });
};
