/** Tracers, which record on the client: its sampling, its route, its limits, its export. */
import { type Context, INVALID_SPAN_CONTEXT, type Span, type SpanOptions, type Tracer, type TracerProvider, context, trace } from '@opentelemetry/api';
import type { SpanImpl } from '../core/span.js';
import type { Attributes, InstrumentationContext, SpanKind } from '../types.js';
import { isSuppressed, ownContext } from './context.js';
import { apiSpan } from './span.js';
import { attributesOf, millis } from './values.js';

/** By the API's numbers. */
const KINDS: readonly SpanKind[] = ['internal', 'server', 'client', 'producer', 'consumer'];

/** Records have one scope, the client's; whose they are is in attributes of the names that the specification gives. */
export const scopeOf = (name: string, version?: string): Attributes => ({ 'otel.scope.name': name || undefined, 'otel.scope.version': version });

class OwnTracer implements Tracer {
  constructor(
    private readonly client: InstrumentationContext,
    private readonly scope: Attributes,
    private readonly on: () => boolean,
  ) {}

  startSpan(name: string, options: SpanOptions = {}, from: Context = context.active()): Span {
    if (!this.on() || isSuppressed(from)) return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    const parent = options.root ? undefined : ownContext(from);
    const startTime = millis(options.startTime);
    const own = this.client.startSpan(name, {
      kind: KINDS[options.kind ?? 0] ?? 'internal',
      parent: parent ?? null,
      attributes: { ...this.scope, ...attributesOf(options.attributes) },
      ...(startTime !== undefined && { startTime }),
    }) as SpanImpl;
    return apiSpan(own, parent && trace.getSpanContext(from)?.traceState).addLinks(options.links ?? []);
  }

  startActiveSpan<F extends (span: Span) => unknown>(name: string, ...rest: [F] | [SpanOptions, F] | [SpanOptions, Context, F]): ReturnType<F> {
    const fn = rest[rest.length - 1] as F;
    const options = rest.length > 1 ? (rest[0] as SpanOptions) : {};
    const from = rest.length > 2 ? (rest[1] as Context) : context.active();
    const span = this.startSpan(name, options, from);
    return context.with(trace.setSpan(from, span), () => fn(span)) as ReturnType<F>;
  }
}

export const tracerProvider = (client: InstrumentationContext, on: () => boolean): TracerProvider => ({
  getTracer: (name, version) => new OwnTracer(client, scopeOf(name, version), on),
});
