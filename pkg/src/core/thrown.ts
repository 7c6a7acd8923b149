/** Reading what was thrown, which may be anything, without ever throwing. */
import type { Attributes, InstrumentationContext, LogOptions } from '../types.js';

const seen = /*@__PURE__*/ new WeakSet<object>();

/** Whether something thrown was not recorded before, which from now on it was. Only objects can be told apart. */
export const firstSeen = (thrown: unknown): boolean => {
  if (!(thrown instanceof Object)) return true;
  const first = !seen.has(thrown);
  seen.add(thrown);
  return first;
};

/** `error.type` of something thrown: its class name where it has one. */
export const errorType = (thrown: unknown): string => {
  try {
    if (thrown instanceof Error) return thrown.name || 'Error';
    return typeof thrown;
  } catch {
    return 'unknown';
  }
};

/** The `exception.*` attributes of something thrown. */
export const exceptionAttributes = (thrown: unknown): Attributes => {
  const attributes: Attributes = { 'exception.type': errorType(thrown) };
  try {
    const error = thrown as Partial<Error> | null | undefined;
    attributes['exception.message'] = String(error instanceof Object && 'message' in error ? error.message : thrown);
    if (typeof error?.stack === 'string') attributes['exception.stacktrace'] = error.stack;
  } catch {
    // A getter or `toString` of the host's object threw; what we have is enough.
  }
  return attributes;
};

/** Records something thrown as a log record, once, however many meet it: `false` if it was recorded before. */
export const recordThrown = (context: InstrumentationContext, thrown: unknown, options?: LogOptions): boolean => {
  const first = firstSeen(thrown);
  if (first) context.recordError(thrown, options);
  return first;
};
