/**
 * The router: which route spans belong to, and a span for each navigation, from the first guard to the last,
 * including the time that components of the route take to load.
 *
 * A navigation that a guard redirects is one navigation: the router says of each location where it was first meant to
 * go, and by that its span is found again.
 */
import { nextTick } from 'vue';
import type { RouteLocationNormalizedGeneric, Router } from 'vue-router';
import { now } from '../core/clock.js';
import { all, patch } from '../core/hooks.js';
import type { BaseTelemetry, InstrumentationContext, Span, SpanContext } from '../types.js';
import { type Page, recordOnce } from './key.js';

type Location = RouteLocationNormalizedGeneric;

interface Pending {
  /** The location it was first meant to go to. */
  origin: object;
  span: Span;
  /** When the first of its components began to load. */
  loadingAt: number;
  restore: (() => void)[];
}

/** The router's `NavigationFailureType`, by its documented values. */
const CANCELLED = 8;
const FAILURES: Record<number, string> = { 4: 'aborted', [CANCELLED]: 'cancelled' };
const DUPLICATED = 16;

/** The route's template, such as `/users/:id`: the path itself would have ids in it. None for a path without a route. */
const template = (route: Pick<Location, 'matched'>): string | undefined => route.matched[route.matched.length - 1]?.path || undefined;
const nameOf = (to: Location): string => ['navigate', template(to)].join(' ').trim();
const originOf = (to: Location): object => to.redirectedFrom ?? to;

/** Notices when a component that is yet to be loaded begins to; the function that loads it stays what it is. */
const watchLoading = (to: Location, pending: Pending): void => {
  for (const { components } of to.matched) {
    for (const name in components) {
      const load = components[name] as unknown;
      // As the router tells them apart: what else is a function is a component itself.
      if (typeof load !== 'function' || 'displayName' in load || 'props' in load || '__vccOpts' in load) continue;
      const restore = (): void => {
        if (components[name] === (watched as unknown)) components[name] = load as never;
      };
      const watched = (): unknown => {
        restore();
        pending.loadingAt ||= now();
        return load();
      };
      components[name] = watched as never;
      pending.restore.push(restore);
    }
  }
};

export const followRoutes = (router: Router, telemetry: BaseTelemetry, page: Page, context: InstrumentationContext): (() => void) => {
  let pending: Pending | undefined;
  /** What `push` was called in: the router begins its work only later. */
  let caller: SpanContext | undefined;
  /** Whether somebody else wants to hear of errors. */
  let listeners = false;
  const seen = new WeakSet<object>();

  const make = (to: Location, parent: SpanContext | undefined): Pending => ({
    origin: originOf(to),
    span: telemetry.startSpan(nameOf(to), parent && { parent }),
    loadingAt: 0,
    restore: [],
  });

  const end = (navigation: Pending | undefined, failure?: number): void => {
    if (!navigation) return;
    const { span, loadingAt, restore } = navigation;
    if (pending === navigation) pending = undefined;
    for (const one of restore) one();
    span.set({
      'aether.navigation.failure': failure === undefined ? undefined : (FAILURES[failure] ?? String(failure)),
      'aether.navigation.lazy_ms': loadingAt ? now() - loadingAt : undefined,
    });
    span.end();
  };

  /** Its own route, and not the one that it leaves. */
  const describe = ({ span }: Pending, to: Location, from: Location): void =>
    void span.set({
      'aether.route': template(to),
      'aether.navigation.from': template(from),
      'aether.navigation.redirected_from': to.redirectedFrom && template(to.redirectedFrom as unknown as Location),
    });

  const begin = (to: Location, from: Location): Pending => {
    if (pending?.origin === originOf(to)) {
      // Named by where it leads in the end.
      Object.assign(pending.span, { name: nameOf(to) });
      pending.span.event('redirect', { 'aether.route': template(to) });
    } else {
      end(pending, CANCELLED);
      seen.add((pending = make(to, caller)).origin);
    }
    caller = undefined;
    describe(pending, to, from);
    return pending;
  };

  /** The navigation, also where it has ended before our guard saw it: refused by a guard before ours, or overtaken at once. */
  const find = (to: Location, from: Location, overtaken?: boolean): Pending | undefined => {
    const origin = originOf(to);
    if (pending?.origin === origin) return pending;
    if (seen.has(origin)) return undefined;
    // What has overtaken it is yet to begin, and `caller` is the other's.
    const navigation = make(to, overtaken ? undefined : caller);
    describe(navigation, to, from);
    return navigation;
  };

  const remember = (): (() => void) =>
    all(
      ...(['push', 'replace'] as const).map((name) =>
        patch(router, name, (original) =>
          function (this: unknown, ...args) {
            caller = telemetry.active();
            return original.apply(this, args);
          },
        ),
      ),
    );

  if (router.currentRoute.value.matched.length) telemetry.setRoute(template(router.currentRoute.value));
  const before = router.beforeEach(context.guard((to: Location, from: Location) => watchLoading(to, begin(to, from))) as () => void);
  const after = router.afterEach(
    context.guard((to: Location, from: Location, failure?: { type: number } | void) => {
      if (failure) {
        const overtaken = failure.type === CANCELLED;
        if (failure.type !== DUPLICATED) end(find(to, from, overtaken), failure.type);
        if (!overtaken) caller = undefined;
        return;
      }
      telemetry.setRoute(template(to));
      if (pending?.origin !== originOf(to)) return;
      const { span } = pending;
      end(pending);
      // What is rendered now belongs to it.
      page.navigation = span;
      void nextTick(() => {
        if (page.navigation === span) page.navigation = undefined;
      });
    }),
  );
  const failed = router.onError((error: unknown, to: Location, from: Location) => {
    context.guard(() => {
      const navigation = find(to, from);
      const span = navigation?.span.error(error);
      recordOnce(telemetry, error, { attributes: { 'vue.info': 'router', 'aether.route': template(to) }, ...(span && { context: span }) });
      end(navigation);
    })();
    // What the router does when nobody listens.
    if (!listeners) console.error(error);
  });
  const listening = patch(router, 'onError', (original) =>
    function (this: unknown, ...args) {
      listeners = true;
      return original.apply(this, args);
    },
  );
  return all(before, after, failed, listening, remember(), () => end(pending, CANCELLED), () => telemetry.setRoute(undefined));
};
