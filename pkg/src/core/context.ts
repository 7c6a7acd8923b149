/* eslint-disable @typescript-eslint/no-explicit-any -- other people's functions: only `any` accepts every signature */
/**
 * The current context. JavaScript in browsers has no storage that follows `await`, so it holds while code
 * runs synchronously; beyond that it is passed on explicitly, with `with` and `bind`, or by code that the Vite plugin
 * has rewritten, with a {@link Suspension}.
 */
import type { SpanContext } from '../types.js';

/** What goes along as one: the span, and what only `otel-api` knows, which is where its context's values are. */
interface Frame {
  context?: SpanContext | undefined;
  values?: unknown;
}

let current: Frame = {};

export const active = (): SpanContext | undefined => current.context;

/** What {@link run} was last given as `values`, around this place. */
export const surroundings = (): unknown => current.values;

/** Runs `fn` with `context` as the current one and restores what was there before. */
export const run = <T>(context: SpanContext | undefined, fn: () => T, values = current.values): T => {
  const before = current;
  current = { context, values };
  try {
    return fn();
  } finally {
    current = before;
  }
};

/** `fn`, to be called later in `context`. */
export const bind = <F extends (...args: any[]) => any>(fn: F, context: SpanContext | undefined = current.context): F => {
  const { values } = current;
  return function (this: unknown, ...args: unknown[]) {
    return run(context, () => fn.apply(this, args), values);
  } as F;
};

/**
 * Makes `context` the current one until the returned function is called, for what cannot be wrapped in a function.
 * That function does nothing when somebody else has taken over since.
 */
export const enter = (context: SpanContext): (() => void) => {
  const before = current;
  const own = (current = { ...before, context });
  return () => {
    if (current === own) current = before;
  };
};

type Iterates = Record<string, ((...args: any[]) => unknown) | undefined>;


/** Makes a frame the current one; returns the one before. */
const swap = (frame: Frame): Frame => {
  const before = current;
  current = frame;
  return before;
};

/** One call of a function that can be suspended: which context is its own, and which one is that of its surroundings. */
class Suspension {
  /** What was current when it began or woke up, and is so again when it goes to sleep. */
  private outer = current;
  private inner = current;
  private asleep = false;

  /** It goes to sleep: around what is awaited or yielded, once that is known. */
  s<T>(value?: T): T {
    if (!this.asleep) {
      this.inner = swap(this.outer);
      this.asleep = true;
    }
    return value as T;
  }

  /** It wakes up: around what an `await` or `yield` gives, and wherever something thrown arrives. */
  r<T>(value?: T): T {
    if (this.asleep) {
      this.outer = swap(this.inner);
      this.asleep = false;
    }
    return value as T;
  }

  /** It ends. What is thrown into it where it sleeps may never wake it up. */
  e(): void {
    if (!this.asleep) swap(this.outer);
  }

  /** Something that is iterated asynchronously: each time it is asked, it is awake, and then asleep until it answers. */
  i(source: any): any {
    // As the language chooses; with neither of them it is the language that throws.
    const key = [Symbol.asyncIterator, Symbol.iterator].find((symbol) => source?.[symbol] != null);
    if (!key) return source;
    return {
      [key]: () => {
        const iterator = source[key]() as Iterates;
        const wrapped: Iterates = {};
        for (const name of ['next', 'return', 'throw']) {
          const method = iterator[name];
          if (method == null) continue;
          wrapped[name] = (...args) => {
            this.r();
            try {
              return method.apply(iterator, args);
            } finally {
              this.s();
            }
          };
        }
        return wrapped;
      },
    };
  }
}

/** Begins to follow one call of a function, for the code that `src/vite/carry.ts` writes. It is not meant to be called by hand. */
export const suspension = (): Suspension => new Suspension();
