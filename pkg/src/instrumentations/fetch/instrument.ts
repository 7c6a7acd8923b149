/** Replaces `globalThis.fetch`. What fails in a request fails as ever; telemetry's own requests go past it. */
import { ORIGINAL } from '../../core/fetch.js';
import { errorType } from '../../core/thrown.js';
import type { InstrumentationContext } from '../../types.js';
import { endRequest, startRequest } from '../http.js';
import type { FetchOptions } from './options.js';

type Fetch = typeof globalThis.fetch;
type Args = Parameters<Fetch>;

export const instrument = (context: InstrumentationContext, options: FetchOptions | undefined): (() => void) => {
  const inner = globalThis.fetch as Fetch | undefined;
  if (!inner) return () => {};
  let on = true;

  /** The request's span, and its arguments with the header put in. */
  const begin = context.guard((args: Args) => {
    const [input, init] = args;
    const request = typeof Request !== 'undefined' && input instanceof Request ? input : undefined;
    const traced = startRequest(context, request ? request.url : String(input), init?.method ?? request?.method ?? 'GET', options);
    for (const name in traced?.headers) {
      try {
        const headers = new Headers(init?.headers ?? request?.headers);
        // Whoever sets the header means it.
        if (headers.has(name)) continue;
        headers.set(name, traced.headers[name]!);
        args[1] = { ...init, headers };
      } catch {
        // Not valid headers: `fetch` itself is about to say so.
      }
    }
    return traced?.span;
  });

  const instrumented = function fetch(this: unknown, ...args: Args): Promise<Response> {
    const call = (): Promise<Response> => inner.apply(this === undefined ? globalThis : (this as typeof globalThis), args);
    const span = on ? begin(args) : undefined;
    if (!span) return call();
    const failed = (error: unknown): never => {
      span.fail(errorType(error)).end();
      throw error;
    };
    let answer: Promise<Response>;
    try {
      answer = context.with(span, call);
    } catch (error) {
      return failed(error);
    }
    return answer.then((response) => {
      endRequest(span, response.status);
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
