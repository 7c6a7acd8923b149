/** Backends that are usual, with what each needs. `…` stands for what is the reader's own. docs/backends.md says more about each. */
import type { SignalName } from '../status'

export interface Preset {
  label: string
  name: string
  endpoint: string
  headers?: { name: string; hint: string }[]
  signals?: SignalName[]
  compression?: string
  note?: string
}

export const PRESETS: readonly Preset[] = [
  { label: 'OpenTelemetry Collector', name: 'collector', endpoint: 'http://localhost:4318', compression: 'gzip', note: 'Also the Grafana Alloy and the Datadog Agent with OTLP switched on.' },
  { label: 'Jaeger', name: 'jaeger', endpoint: 'http://localhost:4318', signals: ['traces'], note: 'Jaeger takes traces only. Port 14268 of older guides is not OTLP.' },
  { label: 'Grafana Tempo', name: 'tempo', endpoint: 'http://localhost:4318', signals: ['traces'] },
  { label: 'Grafana Cloud', name: 'grafana-cloud', endpoint: 'https://otlp-gateway-….grafana.net/otlp', compression: 'gzip', headers: [{ name: 'Authorization', hint: 'Basic, a space, and base64 of instance:token' }] },
  { label: 'Datadog', name: 'datadog', endpoint: 'https://otlp.datadoghq.com', compression: 'gzip', headers: [{ name: 'dd-api-key', hint: 'API key' }], note: 'The host has the name of your site: otlp.datadoghq.eu and so on.' },
  { label: 'New Relic', name: 'new-relic', endpoint: 'https://otlp.nr-data.net', compression: 'gzip', headers: [{ name: 'api-key', hint: 'License key' }], note: 'Europe: https://otlp.eu01.nr-data.net' },
  { label: 'Honeycomb', name: 'honeycomb', endpoint: 'https://api.honeycomb.io', compression: 'gzip', headers: [{ name: 'x-honeycomb-team', hint: 'API key' }], note: 'Europe: https://api.eu1.honeycomb.io. Metrics need the header x-honeycomb-dataset.' },
  { label: 'Elastic', name: 'elastic', endpoint: 'https://….elastic.cloud', compression: 'gzip', headers: [{ name: 'Authorization', hint: 'ApiKey, a space, and the key' }] },
  { label: 'SigNoz', name: 'signoz', endpoint: 'https://ingest.eu.signoz.cloud', compression: 'gzip', headers: [{ name: 'signoz-ingestion-key', hint: 'Ingestion key' }], note: 'Your own SigNoz needs no key.' },
  { label: 'OpenObserve', name: 'openobserve', endpoint: 'https://api.openobserve.ai/api/…', compression: 'gzip', headers: [{ name: 'Authorization', hint: 'Basic, a space, and base64 of user:password' }] },
  { label: 'Dash0', name: 'dash0', endpoint: 'https://ingress.eu-west-1.aws.dash0.com', compression: 'gzip', headers: [{ name: 'Authorization', hint: 'Bearer, a space, and the token' }] },
  { label: 'Uptrace', name: 'uptrace', endpoint: 'https://api.uptrace.dev', compression: 'gzip', headers: [{ name: 'uptrace-dsn', hint: 'DSN' }] },
  { label: 'VictoriaTraces', name: 'victoria-traces', endpoint: 'http://localhost:10428/insert/opentelemetry', signals: ['traces'] },
  { label: 'Zipkin', name: 'zipkin', endpoint: 'http://localhost:9411', signals: ['traces'], note: 'With the zipkin-otel module.' },
]
