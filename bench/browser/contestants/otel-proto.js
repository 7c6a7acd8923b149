import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { startWith } from './otel.js';

export const start = async (origin) => startWith(OTLPTraceExporter, origin);
