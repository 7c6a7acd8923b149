// What each application loads, in bytes with brotli.
import { APPLICATIONS } from '../../../pkg/scripts/size-caps.mjs';
import { weigh } from './bundle.mjs';

/** Ours are the applications of `cargo xtask size`. */
const ours = async (name) => {
  const { code, without = ['json', 'packer'] } = APPLICATIONS.find((one) => one.name === name);
  return weigh(code.replaceAll('./dist/', '../../pkg/dist/'), { without });
};

const otel = (exporter, more = '') => `
import { B3Propagator } from '@opentelemetry/propagator-b3';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, WebTracerProvider } from '@opentelemetry/sdk-trace-web';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-${exporter}';
${more}
new WebTracerProvider({ resource: resourceFromAttributes({ 'service.name': 'app' }), spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] }).register({ propagator: new B3Propagator() });`;

const INSTRUMENTED = `
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { DocumentLoadInstrumentation } from '@opentelemetry/instrumentation-document-load';
import { FetchInstrumentation } from '@opentelemetry/instrumentation-fetch';
import { UserInteractionInstrumentation } from '@opentelemetry/instrumentation-user-interaction';
import { XMLHttpRequestInstrumentation } from '@opentelemetry/instrumentation-xml-http-request';
registerInstrumentations({ instrumentations: [new FetchInstrumentation(), new XMLHttpRequestInstrumentation(), new DocumentLoadInstrumentation(), new UserInteractionInstrumentation()] });`;

const FARO = `
import { getWebInstrumentations, initializeFaro } from '@grafana/faro-web-sdk';
import { TracingInstrumentation } from '@grafana/faro-web-tracing';
initializeFaro({ url: '/faro', app: { name: 'app' }, instrumentations: [...getWebInstrumentations(), new TracingInstrumentation()] });`;

const SENTRY = `
import { browserTracingIntegration, init } from '@sentry/browser';
init({ dsn: 'https://key@sentry.example/1', tracesSampleRate: 1, integrations: [browserTracingIntegration()] });`;

export const weights = async () => ({
  'ours: everything, most of it later': await ours('everything, with the offline store'),
  'ours: traces + B3 + Socket.IO': await ours('traces + B3 + Socket.IO'),
  'ours: traces + B3': await ours('traces + B3'),
  'OpenTelemetry JS: traces + B3, protobuf': await weigh(otel('proto')),
  'OpenTelemetry JS: traces + B3, JSON': await weigh(otel('http')),
  'OpenTelemetry JS: the same with fetch, XHR, load, interaction, protobuf': await weigh(otel('proto', INSTRUMENTED)),
  'Grafana Faro with tracing': await weigh(FARO),
  'Sentry with tracing': await weigh(SENTRY),
});
