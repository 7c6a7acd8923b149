/** Reading and writing trace context: B3 in one header, and W3C Trace Context. */
import { type TextMapPropagator, createTraceState, trace } from '@opentelemetry/api';
import { writeB3 } from '../core/b3.js';
import { type Decision, type Remote, parseB3, parseTraceparent } from '../core/propagation.js';
import type { InstrumentationContext } from '../types.js';
import { DEBUG, isSuppressed, ownContext } from './context.js';
import { apiContext } from './span.js';

/** By the names of `OTEL_PROPAGATORS`. */
export type PropagatorName = 'b3' | 'tracecontext';

const FIELDS: Record<PropagatorName, string[]> = { b3: ['b3'], tracecontext: ['traceparent', 'tracestate'] };
const first = (value: string | string[] | undefined): string => (Array.isArray(value) ? value[0] : value)?.trim() ?? '';
const valid = (found: Remote | Decision | string): Remote | undefined => (typeof found === 'string' || !found.traceId ? undefined : found);

export const propagator = (client: InstrumentationContext, names: readonly PropagatorName[]): TextMapPropagator => ({
  inject(context, carrier, setter) {
    const own = ownContext(context);
    if (!own || isSuppressed(context)) return;
    if (names.includes('b3')) setter.set(carrier, 'b3', writeB3(own));
    if (names.includes('tracecontext')) {
      setter.set(carrier, 'traceparent', `00-${own.traceId}-${own.spanId}-0${+own.sampled}`);
      const state = trace.getSpanContext(context)?.traceState?.serialize();
      if (state) setter.set(carrier, 'tracestate', state);
    }
  },
  extract(context, carrier, getter) {
    const read = (name: string): string => first(getter.get(carrier, name));
    const b3 = valid(parseB3(read('b3')));
    const found = b3 ?? valid(parseTraceparent(read('traceparent')));
    if (!found) return context;
    const state = b3 ? '' : read('tracestate');
    // Who leaves the decision to us gets the one that follows from the trace's id.
    const sampled = found.sampled ?? client.decide(found.traceId);
    return trace.setSpanContext(context, apiContext({ ...found, sampled }, state ? createTraceState(state) : undefined)).setValue(DEBUG, !!found.debug);
  },
  fields: () => names.flatMap((name) => FIELDS[name] ?? []),
});
