/**
 * What `fetch` and `XMLHttpRequest` have in common: spans of HTTP requests by the conventions
 * <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client>, and which requests they are for.
 */
import { type UrlRules, matches, mayPropagate, parseUrl, recordUrl } from '../core/url.js';
import type { Attributes, InstrumentationContext, Span } from '../types.js';

/** Options of instrumentations that look at requests. */
export interface RequestOptions {
  /** Requests to be left alone, by the beginning of their URL or by a pattern. They get neither span nor header. */
  ignoreUrls?: UrlRules;
}

const METHODS = /^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|QUERY)$/;

/** A request's span and the headers it should take along. */
export interface Traced {
  span: Span;
  headers: Record<string, string>;
}

/** Starts the span of a request; `undefined` for what is no HTTP request, or one to be left alone. */
export const startRequest = (context: InstrumentationContext, url: string | URL, method: string, options: RequestOptions | undefined): Traced | undefined => {
  const parsed = parseUrl(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol) || matches(parsed.href, options?.ignoreUrls)) return undefined;
  method = method.toUpperCase();
  const known = METHODS.test(method);
  const attributes: Attributes = {
    'http.request.method': known ? method : '_OTHER',
    'http.request.method_original': known ? undefined : method,
    'url.full': recordUrl(context, parsed),
    'server.address': parsed.hostname,
    'server.port': +parsed.port || (parsed.protocol === 'https:' ? 443 : 80),
  };
  const span = context.startSpan(known ? method : 'HTTP', { kind: 'client', attributes });
  return { span, headers: mayPropagate(context, parsed) ? context.headers(span) : {} };
};

/** Ends the span of a request that was answered; status 0 is an answer that one may not look into. */
export const endRequest = (span: Span, status: number): void => {
  span.set({ 'http.response.status_code': status || undefined });
  if (status >= 400) span.fail(String(status));
  span.end();
};
