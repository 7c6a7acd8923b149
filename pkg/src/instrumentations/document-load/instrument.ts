/**
 * A span `document load` from the begin of the navigation to the end of the load event, joined to the server's
 * trace when the page names it: `<meta name="b3">`, `<meta name="traceparent">`, or `Server-Timing: traceparent`.
 * Resources that come with the page are its children; later ones belong to no trace, so they have one of their own.
 */
import { all, listen, observe } from '../../core/hooks.js';
import { later } from '../../core/later.js';
import { parseB3, parseTraceparent } from '../../core/propagation.js';
import { isExport, matches, parseUrl, recordUrl } from '../../core/url.js';
import type { Attributes, InstrumentationContext, Span, SpanContext } from '../../types.js';
import type { DocumentLoadOptions } from './options.js';

/** Moments of the load that become events, named as in `PerformanceNavigationTiming`. */
const MOMENTS = ['fetchStart', 'requestStart', 'responseStart', 'responseEnd', 'domInteractive', 'domContentLoadedEventEnd', 'domComplete', 'loadEventEnd'] as const;
/** Entries kept until the load is over; browsers buffer no more than 250 themselves. */
const MAX_WAITING = 500;
/** Requests that have spans already. */
const REQUESTS = /^(fetch|xmlhttprequest|beacon)$/;

/** The server's span that answered the request for this page. */
const serverContext = (context: InstrumentationContext, entry: PerformanceNavigationTiming): SpanContext | undefined => {
  const meta = (name: string): string => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? '';
  const timing = entry.serverTiming?.find(({ name }) => name === 'traceparent')?.description ?? '';
  for (const found of [parseB3(meta('b3')), parseTraceparent(meta('traceparent')), parseTraceparent(timing)]) {
    if (typeof found !== 'string' && found.traceId) return { ...found, sampled: found.sampled ?? context.decide(found.traceId) };
  }
  return undefined;
};

const describe = (entry: PerformanceResourceTiming): Attributes => ({
  'http.response.status_code': entry.responseStatus || undefined,
  'http.response.body.size': entry.encodedBodySize || undefined,
  'http.response.size': entry.transferSize || undefined,
  'network.protocol.name': entry.nextHopProtocol || undefined,
});

export const instrument = (context: InstrumentationContext, { resources = true, maxResources = 100, ignoreUrls }: DocumentLoadOptions): (() => void) => {
  if (!globalThis.document || !performance.getEntriesByType) return () => {};
  const at = (time: number): number => performance.timeOrigin + time;
  let load: Span | undefined;
  let loaded = Infinity;
  let waiting: PerformanceResourceTiming[] = [];

  const resource = (entry: PerformanceResourceTiming): void => {
    const url = parseUrl(entry.name);
    if (!url || !/^https?:$/.test(url.protocol) || REQUESTS.test(entry.initiatorType)) return;
    if (isExport(context, url.href) || matches(url.href, ignoreUrls)) return;
    if (maxResources-- <= 0) return context.rateLimited('traces');
    context
      .startSpan(`load ${entry.initiatorType || 'resource'}`, {
        parent: load && entry.startTime < loaded ? load : null,
        startTime: at(entry.startTime),
        attributes: { 'url.full': recordUrl(context, url), 'browser.resource.initiator_type': entry.initiatorType, 'browser.resource.render_blocking': (entry as { renderBlockingStatus?: string }).renderBlockingStatus, ...describe(entry) },
      })
      .end(at(entry.responseEnd));
  };

  const finish = context.guard(() => {
    const [entry] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    const url = parseUrl(location.href);
    if (!entry || !url) return;
    loaded = entry.loadEventEnd;
    load = context.startSpan('document load', {
      parent: serverContext(context, entry) ?? null,
      startTime: at(entry.startTime),
      attributes: { 'url.full': recordUrl(context, url), 'browser.navigation.type': entry.type, ...describe(entry) },
    });
    for (const moment of MOMENTS) if (entry[moment]) load.event(moment, undefined, at(entry[moment]));
    for (const paint of performance.getEntriesByType('paint')) load.event(paint.name, undefined, at(paint.startTime));
    load.end(at(entry.loadEventEnd));
    const { length } = waiting;
    for (const one of waiting.splice(0, length)) resource(one);
  });

  // The load event must be over for its end to be known.
  let timer: ReturnType<typeof later> | undefined;
  const soon = (): void => void (timer = later(0, finish));
  if (document.readyState === 'complete') soon();
  return all(
    listen(context, globalThis as unknown as EventTarget, 'load', soon),
    resources ? observe<PerformanceResourceTiming>(context, 'resource', (entry) => (load ? resource(entry) : waiting.length < MAX_WAITING && waiting.push(entry))) : () => {},
    () => {
      clearTimeout(timer);
      waiting = [];
    },
  );
};
