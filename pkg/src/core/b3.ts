/** B3 in one header: `{trace id}-{span id}-{1|0|d}[-{parent span id}]`, <https://github.com/openzipkin/b3-propagation>. */
import type { SpanContext } from '../types.js';

/** The header value for a context. */
export const writeB3 = (c: SpanContext): string =>
  c.traceId + '-' + c.spanId + (c.debug ? '-d' : c.sampled ? '-1' : '-0');

/** A context from another process; `sampled` is missing when the sender has left the decision to us. */
export type Remote = Omit<SpanContext, 'sampled'> & { sampled?: boolean };

const HEX = /^[\da-f]+$/;
const ZERO = /^0+$/;

/** Checks ids; returns them, or the reason why they are refused. */
export const readIds = (trace: string, span: string): { traceId: string; spanId: string } | string => {
  trace = trace.toLowerCase();
  span = span.toLowerCase();
  if (!HEX.test(trace) || (trace.length !== 32 && trace.length !== 16)) return 'bad_trace_id';
  if (!HEX.test(span) || span.length !== 16) return 'bad_span_id';
  if (ZERO.test(trace) || ZERO.test(span)) return 'zero_id';
  return { traceId: trace.padStart(32, '0'), spanId: span };
};

/** Reads a header value: a context, `undefined` for a decision without a span, or the reason why it is refused. */
export const parseB3 = (value: string): Remote | string | undefined => {
  if (!value) return 'empty';
  if (value.length > 68) return 'too_long';
  if (/^[01d]$/.test(value)) return undefined;
  const [trace, span, flag, parent, rest] = value.split('-');
  if (span === undefined || rest !== undefined) return 'malformed';
  const ids = readIds(trace!, span);
  if (typeof ids === 'string') return ids;
  if (flag !== undefined && !/^[01d]$/.test(flag)) return 'bad_flag';
  if (parent !== undefined && !/^[\da-f]{16}$/i.test(parent)) return 'bad_parent_id';
  const sampled = flag === undefined ? undefined : flag !== '0';
  return { ...ids, sampled, remote: true, debug: flag === 'd' };
};

/** Reads a W3C `traceparent`, <https://www.w3.org/TR/trace-context/#traceparent-header>. */
export const parseTraceparent = (value: string): Remote | string => {
  const match = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/.exec(value);
  if (!match || (match[1] === '00' && match[5])) return 'malformed';
  if (match[1] === 'ff') return 'bad_version';
  const ids = readIds(match[2]!, match[3]!);
  if (typeof ids === 'string') return ids;
  return { ...ids, sampled: (parseInt(match[4]!, 16) & 1) === 1, remote: true };
};
