/** The router: which route spans belong to, and a span for each navigation. */
import type { RouteLocationNormalizedGeneric, Router } from 'vue-router';
import type { BaseTelemetry, Span } from '../types.js';

/** The route's template, such as `/users/:id`: the path itself would have ids in it. */
const template = (route: RouteLocationNormalizedGeneric): string => route.matched[route.matched.length - 1]?.path || '/';

export const followRoutes = (router: Router, telemetry: BaseTelemetry): (() => void) => {
  let span: Span | undefined;
  const current = router.currentRoute.value;
  if (current.matched.length) telemetry.setRoute(template(current));
  const before = router.beforeEach((to) => {
    span?.fail('cancelled').end();
    span = telemetry.startSpan(`navigate ${template(to)}`, { attributes: { 'aether.route': template(to) } });
  });
  const after = router.afterEach((to, _from, failure) => {
    if (failure) span?.fail('navigation_failure');
    else telemetry.setRoute(template(to));
    span?.end();
    span = undefined;
  });
  const failed = router.onError((error) => {
    span?.error(error).end();
    span = undefined;
  });
  return () => {
    before();
    after();
    failed();
  };
};
