/**
 * The carrier of trace context in an event's arguments: `{"_trace":{"b3":…,"re":…}}` behind the last
 * argument, or fields `_trace` and `_requestId` in the first one.
 */
import type { SpanContext } from '../../types.js';
import { writeB3 } from '../../core/b3.js';
import { type Decision, type Remote, isSpanId, parseB3, parseTraceparent, remote } from '../../core/propagation.js';

/** The event by which a server says that it reads trailing carriers. */
export const READY = '_trace:ready';

const MAX_CARRIER = 512;
const MAX_REPLIES = 16;

/** What an incoming carrier says. */
export interface Carrier {
  form: 'trailing' | 'payload';
  context?: Remote | undefined;
  /** A decision that came without a span. */
  decision?: boolean | undefined;
  /** Span ids of the requests that this event answers. */
  re: string[];
  /** Why its context was refused. */
  error?: string | undefined;
}

export const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const isTrailing = (value: unknown): value is { _trace: unknown } =>
  isPlainObject(value) && '_trace' in value && Object.keys(value).length === 1;

/** Reads a carrier object; unknown keys are ignored. */
export const readCarrier = (form: Carrier['form'], value: unknown): Carrier => {
  const carrier: Carrier = { form, re: [] };
  const refuse = (error: string): Carrier => ({ form, re: [], error });
  if (!isPlainObject(value)) return refuse('malformed');
  if (JSON.stringify(value).length > MAX_CARRIER) return refuse('too_long');
  const { b3, traceparent, re, traceId, spanId, sampled } = value;
  if ([b3, traceparent, re, traceId, spanId].some((text) => text !== undefined && typeof text !== 'string')) return refuse('malformed');
  if (re !== undefined) {
    const ids = (re as string).split(',');
    if (ids.length > MAX_REPLIES || !ids.every(isSpanId)) return refuse('bad_reply');
    carrier.re = ids.map((id) => id.toLowerCase());
  }
  // The first format that can be used; what is wrong with one before it is told all the same.
  const use = (found: Remote | Decision | string): void => {
    if (typeof found === 'string') carrier.error ??= found;
    else if (found.traceId === undefined) carrier.decision = found.sampled;
    else carrier.context = found;
  };
  const missing = (): boolean => !carrier.context && carrier.decision === undefined;
  if (b3 !== undefined) use(parseB3(b3 as string));
  if (missing() && traceparent !== undefined) use(parseTraceparent(traceparent as string));
  if (missing() && traceId !== undefined) {
    use(remote(traceId as string, spanId as string | undefined, sampled === undefined || sampled === null ? undefined : !!sampled));
  }
  return carrier;
};

/**
 * Removes trailing carriers from `args` and reads them. With connection state recovery a Node server puts
 * an offset behind everything, so the carrier may be the last argument but one.
 */
export const takeTrailing = (args: unknown[], recovery: boolean): Carrier | undefined => {
  let carrier: Carrier | undefined;
  for (;;) {
    let at = args.length - 1;
    if (recovery && typeof args[at] === 'string' && isTrailing(args[at - 1])) at--;
    const last = args[at];
    if (at < 0 || !isTrailing(last)) return carrier;
    args.splice(at, 1);
    carrier = carrier ? { form: 'trailing', re: [], error: 'duplicate' } : readCarrier('trailing', last._trace);
  }
};

/** Reads a payload carrier; the argument stays as it is. */
export const readPayload = (argument: unknown): Carrier | undefined => {
  if (!isPlainObject(argument)) return undefined;
  const { _trace: trace, _requestId: id } = argument;
  if (trace === undefined && id === undefined) return undefined;
  const carrier: Carrier = trace === undefined ? { form: 'payload', re: [] } : readCarrier('payload', trace);
  if (typeof id === 'string' || typeof id === 'number') carrier.re.push(String(id));
  return carrier;
};

/** The trailing argument for a context. */
export const trailing = (context: SpanContext): object => ({ _trace: { b3: writeB3(context) } });

/** A shallow copy of a payload with the fields for a context; `undefined` if it is no plain object. */
export const intoPayload = (payload: unknown, context: SpanContext): object | undefined => {
  if (!isPlainObject(payload) || '_trace' in payload || '_requestId' in payload) return undefined;
  const { traceId, spanId, sampled } = context;
  return { ...payload, _trace: { b3: writeB3(context), traceId, spanId, sampled }, _requestId: spanId };
};
