// OpenTelemetry JS with a batch processor and B3 in one header, as its documentation sets it up.
import { ROOT_CONTEXT, SpanKind, context, propagation, trace } from '@opentelemetry/api';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, WebTracerProvider } from '@opentelemetry/sdk-trace-web';
import { SPANS, attributes, send } from './shared.js';

export const provide = (Exporter, origin) => {
  const provider = new WebTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'bench' }),
    spanProcessors: [new BatchSpanProcessor(new Exporter({ url: `${origin}/otlp/v1/traces` }))],
  });
  provider.register({ propagator: new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER }) });
  return provider;
};

/** The load against OpenTelemetry's interface. */
export const load = (tracer, flush) => ({
  trace(i) {
    const root = tracer.startSpan('action', { attributes: attributes(i) }, ROOT_CONTEXT);
    const inside = trace.setSpan(context.active(), root);
    const inject = (current) => {
      const headers = {};
      propagation.inject(current, headers);
      send(headers);
    };
    inject(inside);
    for (let n = 1; n < SPANS; n++) {
      const span = tracer.startSpan('GET', { kind: SpanKind.CLIENT, attributes: attributes(i + n) }, inside);
      inject(trace.setSpan(inside, span));
      span.end();
    }
    root.end();
  },
  flush,
});

export const startWith = (Exporter, origin) => {
  const provider = provide(Exporter, origin);
  return load(trace.getTracer('bench'), () => provider.forceFlush());
};
