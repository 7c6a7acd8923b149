// The same instrumentations from OpenTelemetry, without zone.js.
import { context, propagation, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { DocumentLoadInstrumentation } from '@opentelemetry/instrumentation-document-load';
import { FetchInstrumentation } from '@opentelemetry/instrumentation-fetch';
import { UserInteractionInstrumentation } from '@opentelemetry/instrumentation-user-interaction';
import { XMLHttpRequestInstrumentation } from '@opentelemetry/instrumentation-xml-http-request';
import { provide } from './otel.js';

export const start = (origin) => {
  const provider = provide(OTLPTraceExporter, origin);
  registerInstrumentations({
    instrumentations: [
      new FetchInstrumentation(),
      new XMLHttpRequestInstrumentation(),
      new DocumentLoadInstrumentation(),
      new UserInteractionInstrumentation(),
    ],
  });
  return {
    record() {
      const span = trace.getTracer('bench').startSpan('first');
      const headers = {};
      propagation.inject(trace.setSpan(context.active(), span), headers);
      span.end();
      return headers;
    },
    flush: () => provider.forceFlush(),
  };
};
