/** Three methods of the prototype are replaced: what is sent, and when, stays the application's business. */
import { all, patch } from '../../core/hooks.js';
import type { InstrumentationContext } from '../../types.js';
import { endRequest, startRequest } from '../http.js';
import type { XhrOptions } from './options.js';

/** What was said before `send`. */
interface Opened {
  method: string;
  url: string;
  headers: Set<string>;
}

export const instrument = (context: InstrumentationContext, options: XhrOptions | undefined): (() => void) => {
  const prototype = globalThis.XMLHttpRequest?.prototype;
  const opened = new WeakMap<XMLHttpRequest, Opened>();
  let setHeader: XMLHttpRequest['setRequestHeader'] | undefined;

  const begin = context.guard((request: XMLHttpRequest) => {
    const { method, url, headers } = opened.get(request) ?? {};
    // Sent twice without opening, or opened before we came.
    if (!opened.delete(request) || request.readyState !== 1) return undefined;
    const traced = startRequest(context, url!, method!, options);
    if (!traced) return undefined;
    // Whoever sets the header means it.
    for (const name in traced.headers) if (!headers!.has(name)) setHeader?.call(request, name, traced.headers[name]!);
    let problem: string | undefined;
    const once = { once: true };
    for (const type of ['error', 'timeout', 'abort']) request.addEventListener(type, () => (problem = type), once);
    request.addEventListener(
      'loadend',
      context.guard(() => {
        if (problem) traced.span.fail(problem);
        endRequest(traced.span, request.status);
      }),
      once,
    );
    return traced.span;
  });

  return all(
    patch(prototype, 'open', (original) =>
      function (this: XMLHttpRequest, ...args) {
        const result = original.apply(this, args);
        context.guard(() => opened.set(this, { method: String(args[0]), url: String(args[1]), headers: new Set() }))();
        return result;
      },
    ),
    patch(prototype, 'setRequestHeader', (original) => {
      setHeader = original;
      return function (this: XMLHttpRequest, ...args) {
        const result = original.apply(this, args);
        opened.get(this)?.headers.add(String(args[0]).toLowerCase());
        return result;
      };
    }),
    patch(prototype, 'send', (original) =>
      function (this: XMLHttpRequest, ...args) {
        const span = begin(this);
        if (!span) return original.apply(this, args);
        try {
          return context.with(span, () => original.apply(this, args));
        } catch (error) {
          // As a synchronous request does; `loadend` has not been, or will not be heard of.
          span.error(error).end();
          throw error;
        }
      },
    ),
  );
};
