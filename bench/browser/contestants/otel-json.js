import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { startWith } from './otel.js';

export const start = async (origin) => startWith(OTLPTraceExporter, origin);
