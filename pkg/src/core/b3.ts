/** Writing trace context: B3 in one header. It is all that a page needs which only sends. */
import type { SpanContext } from '../types.js';

/** The value of the header `b3` for a context. */
export const writeB3 = (c: SpanContext): string =>
  c.traceId + '-' + c.spanId + (c.debug ? '-d' : c.sampled ? '-1' : '-0');
