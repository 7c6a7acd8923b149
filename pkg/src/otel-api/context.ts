/**
 * The context manager. There is one current context, the client's own, which holds a span, and goes along with the innermost
 * `with` of this side, where everything else is. So what one side has made current is current on the other, and what is bound on
 * one side, or carried across `await`, is found again on both.
 */
import { type Context, type ContextManager, ROOT_CONTEXT, createContextKey, isSpanContextValid, trace } from '@opentelemetry/api';
import { active, run, surroundings } from '../core/context.js';
import { SpanImpl } from '../core/span.js';
import type { SpanContext } from '../types.js';
import { ApiSpan, apiContext, apiSpan } from './span.js';

/** Under this key a context keeps B3's debug flag, for which OpenTelemetry has no place. */
export const DEBUG = /*@__PURE__*/ createContextKey('aetherterm.telemetry.debug');
/** OpenTelemetry's own key for "nothing is to be recorded here". */
const SUPPRESSED = /*@__PURE__*/ createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

export const isSuppressed = (context: Context): boolean => context.getValue(SUPPRESSED) === true;

/** The client's form of the span in a context, if that has a valid one. */
export const ownContext = (context: Context): SpanContext | undefined => {
  const span = trace.getSpan(context);
  if (span instanceof ApiSpan) return span.own;
  const found = span?.spanContext();
  if (!found || !isSpanContextValid(found)) return undefined;
  const { traceId, spanId, traceFlags, isRemote = false } = found;
  return { traceId, spanId, sampled: (traceFlags & 1) === 1, remote: isRemote, debug: context.getValue(DEBUG) === true };
};

/** Whether it is a span that can still be told something, or only what identifies one. */
const isSpan = (own: SpanContext): own is SpanImpl => own instanceof SpanImpl;

/** One `with`, and the span in it on the client's side. */
interface Scope {
  context: Context;
  own: SpanContext | undefined;
}

const OUTSIDE: Scope = { context: ROOT_CONTEXT, own: undefined };

export class Manager implements ContextManager {
  active(): Context {
    const own = active();
    const { context, own: given } = (surroundings() as Scope | undefined) ?? OUTSIDE;
    if (own === given) return context;
    if (!own) return trace.deleteSpan(context);
    // A span that the client, or one of its instrumentations, has made current.
    return trace.setSpan(context, isSpan(own) ? apiSpan(own) : trace.wrapSpanContext(apiContext(own)));
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(context: Context, fn: F, thisArg?: ThisParameterType<F>, ...args: A): ReturnType<F> {
    const own = ownContext(context);
    return run(own, () => fn.apply(thisArg, args), { context, own } satisfies Scope);
  }

  bind<T>(context: Context, target: T): T {
    if (typeof target !== 'function') return target;
    const run = (fn: () => unknown): unknown => this.with(context, fn);
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return run(() => target.apply(this, args));
    };
    Object.defineProperty(bound, 'length', { configurable: true, value: target.length });
    return bound as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}
