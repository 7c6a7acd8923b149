/** Reading and writing trace context: B3 in one header or in several, W3C Trace Context, and W3C Baggage. */
import { type Baggage, type BaggageEntry, type Context, type TextMapPropagator, baggageEntryMetadataFromString, createTraceState, propagation, trace } from '@opentelemetry/api';
import { writeB3 } from '../core/b3.js';
import { type Decision, type Remote, parseB3, parseTraceparent } from '../core/propagation.js';
import type { InstrumentationContext } from '../types.js';
import { DEBUG, isSuppressed, ownContext } from './context.js';
import { apiContext } from './span.js';

/** By the names of `OTEL_PROPAGATORS`. */
export type PropagatorName = 'b3' | 'b3multi' | 'tracecontext' | 'baggage';

const MULTI = ['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-flags'] as const;
const FIELDS: Record<PropagatorName, readonly string[]> = { b3: ['b3'], b3multi: MULTI, tracecontext: ['traceparent', 'tracestate'], baggage: ['baggage'] };
/** Of baggage, <https://www.w3.org/TR/baggage/#limits>. */
const MAX_BAGGAGE = 8192;
const MAX_ENTRIES = 180;

const first = (value: string | string[] | undefined): string => (Array.isArray(value) ? value[0] : value)?.trim() ?? '';
const valid = (found: Remote | Decision | string): Remote | undefined => (typeof found === 'string' || !found.traceId ? undefined : found);

/** Members as they are written: `name=value;metadata`, percent-encoded, joined by commas. */
const writeBaggage = (baggage: Baggage): string => {
  let text = '';
  for (const [name, { value, metadata }] of baggage.getAllEntries().slice(0, MAX_ENTRIES)) {
    const member = `${text && ','}${encodeURIComponent(name)}=${encodeURIComponent(value)}${metadata ? `;${metadata.toString()}` : ''}`;
    if (text.length + member.length <= MAX_BAGGAGE) text += member;
  }
  return text;
};

const readBaggage = (text: string): Baggage | undefined => {
  const entries: Record<string, BaggageEntry> = {};
  for (const member of text.slice(0, MAX_BAGGAGE).split(',').slice(0, MAX_ENTRIES)) {
    const [, name = '', value = '', metadata] = /^\s*([^=;\s]+)\s*=\s*([^;]*?)\s*(?:;(.*))?$/.exec(member) ?? [];
    try {
      if (name) entries[decodeURIComponent(name)] = { value: decodeURIComponent(value), ...(metadata && { metadata: baggageEntryMetadataFromString(metadata.trim()) }) };
    } catch {
      // Not percent-encoded: nobody knows what was meant.
    }
  }
  return Object.keys(entries).length ? propagation.createBaggage(entries) : undefined;
};

export const propagator = (client: InstrumentationContext, names: readonly PropagatorName[]): TextMapPropagator => ({
  inject(context, carrier, setter) {
    const baggage = names.includes('baggage') && propagation.getBaggage(context);
    const text = baggage && writeBaggage(baggage);
    if (text) setter.set(carrier, 'baggage', text);
    const own = ownContext(context);
    if (!own || isSuppressed(context)) return;
    const { traceId, spanId, sampled, debug } = own;
    if (names.includes('b3')) setter.set(carrier, 'b3', writeB3(own));
    if (names.includes('b3multi')) {
      setter.set(carrier, 'x-b3-traceid', traceId);
      setter.set(carrier, 'x-b3-spanid', spanId);
      // Debug implies the decision, which is then not written.
      if (debug) setter.set(carrier, 'x-b3-flags', '1');
      else setter.set(carrier, 'x-b3-sampled', String(+sampled));
    }
    if (names.includes('tracecontext')) {
      setter.set(carrier, 'traceparent', `00-${traceId}-${spanId}-0${+sampled}`);
      const state = trace.getSpanContext(context)?.traceState?.serialize();
      if (state) setter.set(carrier, 'tracestate', state);
    }
  },
  extract(context, carrier, getter) {
    const read = (name: string): string => first(getter.get(carrier, name));
    const baggage = names.includes('baggage') && readBaggage(read('baggage'));
    const result: Context = baggage ? propagation.setBaggage(context, baggage) : context;
    // Several headers, read as the one that says the same.
    const [traceId, spanId, sampled, flags] = MULTI.map(read) as [string, string, string, string];
    const state = flags === '1' ? '-d' : /^[01]$/.test(sampled) ? `-${sampled}` : '';
    const b3 = valid(parseB3(read('b3'))) ?? (traceId && spanId ? valid(parseB3(`${traceId}-${spanId}${state}`)) : undefined);
    const found = b3 ?? valid(parseTraceparent(read('traceparent')));
    if (!found) return result;
    const traceState = b3 ? '' : read('tracestate');
    // Who leaves the decision to us gets the one that follows from the trace's id.
    const decided = found.sampled ?? client.decide(found.traceId);
    return trace.setSpanContext(result, apiContext({ ...found, sampled: decided }, traceState ? createTraceState(traceState) : undefined)).setValue(DEBUG, !!found.debug);
  },
  fields: () => names.flatMap((name) => FIELDS[name] ?? []),
});
