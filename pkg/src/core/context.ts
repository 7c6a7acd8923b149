/* eslint-disable @typescript-eslint/no-explicit-any -- other people's functions: only `any` accepts every signature */
/**
 * The current context. JavaScript in browsers has no storage that follows `await`, so it holds while code
 * runs synchronously; beyond that it is passed on explicitly, with `with` and `bind`.
 */
import type { SpanContext } from '../types.js';

let current: SpanContext | undefined;

export const active = (): SpanContext | undefined => current;

/** Runs `fn` with `context` as the current one and restores what was there before. */
export const run = <T>(context: SpanContext | undefined, fn: () => T): T => {
  const before = current;
  current = context;
  try {
    return fn();
  } finally {
    current = before;
  }
};

/** `fn`, to be called later in `context`. */
export const bind = <F extends (...args: any[]) => any>(fn: F, context: SpanContext | undefined = current): F =>
  function (this: unknown, ...args: unknown[]) {
    return run(context, () => fn.apply(this, args));
  } as F;

/**
 * Makes `context` the current one until the returned function is called, for what cannot be wrapped in a function.
 * That function does nothing when somebody else has taken over since.
 */
export const enter = (context: SpanContext): (() => void) => {
  const before = current;
  current = context;
  return () => {
    if (current === context) current = before;
  };
};
