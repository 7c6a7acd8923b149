/**
 * Instrumenting `fetch`: a CLIENT span for each request and a `b3` header for origins that may have it.
 * Conventions: <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client>.
 */
import type { Attributes } from '../types.js';
import type { Core } from './core.js';
import { run } from './context.js';
import { errorType } from './thrown.js';

type Fetch = typeof globalThis.fetch;

const ORIGINAL = Symbol.for('aetherterm.telemetry.fetch');
const METHODS = /^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|QUERY)$/;

/** `fetch` as the platform has it, beneath what any of our clients has put over it. */
export const originalFetch = (): Fetch => {
  let fetch = globalThis.fetch as Fetch & { [ORIGINAL]?: Fetch };
  while (fetch?.[ORIGINAL]) fetch = fetch[ORIGINAL];
  return fetch?.bind(globalThis);
};

/** The URL as it may be recorded: no credentials, no fragment, the query only if asked for. */
export const redact = (url: URL, recordQuery: boolean): string => {
  const query = url.search && (recordQuery ? url.search : '?REDACTED');
  return url.origin === 'null' ? url.protocol : url.origin + url.pathname + query;
};

const describe = (url: URL, method: string, recordQuery: boolean): Attributes => {
  const known = METHODS.test(method);
  return {
    'http.request.method': known ? method : '_OTHER',
    'http.request.method_original': known ? undefined : method,
    'url.full': redact(url, recordQuery),
    'server.address': url.hostname,
    'server.port': +url.port || (url.protocol === 'https:' ? 443 : 80),
  };
};

/** Replaces `globalThis.fetch`; returns a function that undoes it. */
export const instrumentFetch = (core: Core): (() => void) => {
  const inner = globalThis.fetch as Fetch | undefined;
  if (!inner) return () => {};
  let on = true;

  const instrumented = function fetch(this: unknown, ...args: Parameters<Fetch>): Promise<Response> {
    const call = (): Promise<Response> => inner.apply(this === undefined ? globalThis : (this as typeof globalThis), args);
    if (!on) return call();
    const [input, init] = args;
    const request = typeof Request !== 'undefined' && input instanceof Request ? input : undefined;
    let url: URL;
    try {
      url = new URL(request ? request.url : String(input), globalThis.document?.baseURI);
    } catch {
      // The platform explains best what is wrong with it.
      return call();
    }
    if (!/^https?:$/.test(url.protocol)) return call();
    const method = (init?.method ?? request?.method ?? 'GET').toUpperCase();
    const name = METHODS.test(method) ? method : 'HTTP';
    const span = core.start(name, { kind: 'client', attributes: describe(url, method, core.recordQuery) });
    if (core.mayPropagate(url)) {
      try {
        const headers = new Headers(init?.headers ?? request?.headers);
        // Whoever sets the header means it.
        if (!headers.has('b3')) {
          headers.set('b3', core.b3(span));
          args[1] = { ...init, headers };
        }
      } catch {
        // Not valid headers: `fetch` itself is about to say so.
      }
    }
    const failed = (error: unknown): never => {
      span.fail(errorType(error)).end();
      throw error;
    };
    let answer: Promise<Response>;
    try {
      answer = run(span, call);
    } catch (error) {
      return failed(error);
    }
    return answer.then((response) => {
      span.set({ 'http.response.status_code': response.status || undefined });
      if (response.status >= 400) span.fail(String(response.status));
      span.end();
      return response;
    }, failed);
  } as Fetch & { [ORIGINAL]?: Fetch };

  instrumented[ORIGINAL] = inner;
  globalThis.fetch = instrumented;
  return () => {
    on = false;
    // Somebody may have wrapped us since; then we stay in between and pass everything through.
    if (globalThis.fetch === instrumented) globalThis.fetch = inner;
  };
};
