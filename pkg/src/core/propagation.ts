/**
 * Reading trace context: B3 in one header, `{trace id}-{span id}[-{1|0|d}[-{parent span id}]]` or the state
 * alone (<https://github.com/openzipkin/b3-propagation>), and W3C `traceparent`
 * (<https://www.w3.org/TR/trace-context/#traceparent-header>). Reasons for refusal are the server's.
 */
import type { SpanContext } from '../types.js';

/** A context from another process; `sampled` is missing when the sender has left the decision to us. */
export type Remote = Omit<SpanContext, 'sampled'> & { sampled?: boolean | undefined };

/** A decision that came without a span. */
export type Decision = { traceId?: undefined; sampled: boolean };

const ZERO = /^0+$/;
const STATE = /^[01d]$/;
const isHex = (text: string, length: number): boolean => text.length === length && /^[\da-f]+$/i.test(text);

/** Whether this is a span id; zeros mean "none". */
export const isSpanId = (id: string): boolean => isHex(id, 16) && !ZERO.test(id);

/** Makes a context of ids, or says why they are refused. */
export const remote = (trace: string, span: string | undefined, sampled: boolean | undefined, debug = false): Remote | string =>
  !isHex(trace, 32) && !isHex(trace, 16)
    ? 'bad_trace_id'
    : ZERO.test(trace)
      ? 'zero_id'
      : span === undefined
        ? 'incomplete'
        : !isHex(span, 16)
          ? 'bad_span_id'
          : ZERO.test(span)
            ? 'zero_id'
            : { traceId: trace.toLowerCase().padStart(32, '0'), spanId: span.toLowerCase(), sampled, debug, remote: true };

/** Reads a `b3` header: a context, a decision, or the reason why it is refused. */
export const parseB3 = (value: string): Remote | Decision | string => {
  if (!value) return 'empty';
  if (value.length > 68) return 'too_long';
  if (STATE.test(value)) return { sampled: value !== '0' };
  if (value.length === 1) return 'bad_flag';
  const [trace, span, state = '', parent, rest] = value.split('-') as [string, string?, string?, string?, string?];
  const context = remote(trace, span, state ? state !== '0' : undefined, state === 'd');
  if (typeof context === 'string') return context;
  if (value.length > trace.length + 17 && !STATE.test(state)) return 'bad_flag';
  if (parent !== undefined && !isHex(parent, 16)) return 'bad_parent_id';
  return rest === undefined ? context : 'malformed';
};

/** Reads a `traceparent` header. */
export const parseTraceparent = (value: string): Remote | string => {
  if (!value) return 'empty';
  const [version, trace, span, flags, rest] = value.split('-') as [string, string?, string?, string?, string?];
  // Unlike in B3, letters are lower case.
  const lower = (text: string, length: number): boolean => isHex(text, length) && text === text.toLowerCase();
  if (!lower(version, 2) || version === 'ff') return 'bad_version';
  if (flags === undefined || (version === '00' && rest !== undefined)) return 'malformed';
  if (!lower(trace!, 32)) return 'bad_trace_id';
  if (!lower(span!, 16)) return 'bad_span_id';
  if (!lower(flags, 2)) return 'bad_flag';
  return remote(trace!, span, (parseInt(flags, 16) & 1) === 1);
};
