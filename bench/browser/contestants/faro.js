// Grafana Faro with tracing; its own instrumentations off, as none of the others has any here.
import { SessionInstrumentation, initializeFaro } from '@grafana/faro-web-sdk';
import { TracingInstrumentation } from '@grafana/faro-web-tracing';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import { load } from './otel.js';

export const start = async (origin) => {
  const faro = initializeFaro({
    url: `${origin}/faro`,
    app: { name: 'bench', version: '1' },
    instrumentations: [
      new SessionInstrumentation(),
      new TracingInstrumentation({ instrumentations: [], propagator: new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER }) }),
    ],
  });
  const { trace } = faro.api.getOTEL();
  const provider = trace.getTracerProvider();
  return load(trace.getTracer('bench'), () => provider.getDelegate?.().forceFlush());
};
