/**
 * Trace context in text: B3 in one header, `{trace id}-{span id}[-{1|0|d}[-{parent span id}]]` or the state
 * alone (<https://github.com/openzipkin/b3-propagation>), and W3C `traceparent`
 * (<https://www.w3.org/TR/trace-context/#traceparent-header>). Reasons for refusal are the server's.
 */
import type { SpanContext } from '../types.js';

/** The header value for a context. */
export const writeB3 = (c: SpanContext): string =>
  c.traceId + '-' + c.spanId + (c.debug ? '-d' : c.sampled ? '-1' : '-0');

/** A context from another process; `sampled` is missing when the sender has left the decision to us. */
export type Remote = Omit<SpanContext, 'sampled'> & { sampled?: boolean | undefined };

/** A decision that came without a span. */
export type Decision = { traceId?: undefined; sampled: boolean };

const HEX = /^[\da-f]+$/i;
const ZERO = /^0+$/;
const STATE = /^[01d]$/;

/** Whether this is a span id; zeros mean "none". */
export const isSpanId = (id: string): boolean => id.length === 16 && HEX.test(id) && !ZERO.test(id);

/** Makes a context of ids, or says why they are refused. */
export const remote = (trace: string, span: string | undefined, sampled: boolean | undefined, debug = false): Remote | string => {
  if (!HEX.test(trace) || (trace.length !== 32 && trace.length !== 16)) return 'bad_trace_id';
  if (ZERO.test(trace)) return 'zero_id';
  if (span === undefined) return 'incomplete';
  if (!HEX.test(span) || span.length !== 16) return 'bad_span_id';
  if (ZERO.test(span)) return 'zero_id';
  return { traceId: trace.toLowerCase().padStart(32, '0'), spanId: span.toLowerCase(), sampled, debug, remote: true };
};

/** Reads a `b3` header: a context, a decision, or the reason why it is refused. */
export const parseB3 = (value: string): Remote | Decision | string => {
  if (!value) return 'empty';
  if (value.length > 68) return 'too_long';
  if (STATE.test(value)) return { sampled: value !== '0' };
  if (value.length === 1) return 'bad_flag';
  const [trace, span, state, parent, rest] = value.split('-');
  const context = remote(trace!, span, state === undefined ? undefined : state !== '0', state === 'd');
  if (typeof context === 'string') return context;
  if (state !== undefined && !STATE.test(state)) return 'bad_flag';
  if (parent !== undefined && !(parent.length === 16 && HEX.test(parent))) return 'bad_parent_id';
  return rest === undefined ? context : 'malformed';
};

/** Reads a `traceparent` header. */
export const parseTraceparent = (value: string): Remote | string => {
  if (!value) return 'empty';
  const [version, trace, span, flags, ...rest] = value.split('-');
  if (!/^[\da-f]{2}$/.test(version!) || version === 'ff') return 'bad_version';
  if (flags === undefined || (version === '00' && rest.length)) return 'malformed';
  if (!/^[\da-f]{32}$/.test(trace!)) return 'bad_trace_id';
  if (!/^[\da-f]{16}$/.test(span!)) return 'bad_span_id';
  if (!/^[\da-f]{2}$/.test(flags)) return 'bad_flag';
  return remote(trace!, span, (parseInt(flags, 16) & 1) === 1);
};
