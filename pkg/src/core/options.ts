/** Options: defaults, the endpoint's forms, headers, and the variables of a Vite build. */
import type { TelemetryOptions } from '../types.js';
import { warnOnce } from './warn.js';

/** Variables of `import.meta.env` that are read. */
export interface TelemetryEnv {
  readonly [name: string]: unknown;
}

/** `k=v,k2=v2` with percent-encoded values, as in `OTEL_EXPORTER_OTLP_HEADERS`. */
export const parseHeaders = (text: string): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',')) {
    if (!pair.trim()) continue;
    const at = pair.indexOf('=');
    const name = pair.slice(0, at).trim();
    if (at < 1 || !/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) {
      // The value may be a secret, so it is not repeated.
      warnOnce('a header was left out: headers are written as name=value,name2=value2');
      continue;
    }
    let value = pair.slice(at + 1).trim();
    try {
      value = decodeURIComponent(value);
    } catch {
      // Not percent-encoded after all.
    }
    headers[name] = value;
  }
  return headers;
};

/** The three URLs for an endpoint, or `undefined` if it is none. Relative ones are resolved against the page. */
export const endpoints = (endpoint: string | undefined): string[] | undefined => {
  try {
    const url = new URL(endpoint || '/', globalThis.location?.href);
    if (!/^https?:$/.test(url.protocol)) throw 0;
    if (url.pathname.endsWith('/api/traces')) {
      warnOnce(`${url.origin}${url.pathname} takes Jaeger's Thrift format, not OTLP: use the OTLP port, usually 4318`);
    }
    url.hash = '';
    const base = url.pathname.replace(/\/(v1\/(traces|logs|metrics)\/?)?$/, '');
    return ['traces', 'logs', 'metrics'].map((signal) => {
      url.pathname = `${base}/v1/${signal}`;
      return url.href;
    });
  } catch {
    warnOnce(
      endpoint
        ? `"${endpoint}" is no http(s) URL: set endpoint to an OTLP/HTTP base URL such as http://localhost:4318`
        : 'there is no page whose origin could be the default: set the option endpoint',
    );
    return undefined;
  }
};

const flag = (value: unknown): boolean | undefined => {
  if (value === undefined || value === '') return undefined;
  if (/^(true|1|yes|on)$/i.test(String(value))) return true;
  if (/^(false|0|no|off)$/i.test(String(value))) return false;
  warnOnce(`VITE_TELEMETRY_ENABLED is "${String(value)}": use true or false`);
  return undefined;
};

/**
 * Options from `VITE_TELEMETRY_ENABLED`, `VITE_TELEMETRY_ENDPOINT` and `VITE_TELEMETRY_HEADERS`. What the
 * code says explicitly wins.
 */
export const withEnv = (options: TelemetryOptions, env: TelemetryEnv | undefined): TelemetryOptions => {
  const text = (name: string): string | undefined => {
    const value = env?.[name];
    return typeof value === 'string' && value ? value : undefined;
  };
  return {
    ...options,
    enabled: options.enabled ?? flag(env?.['VITE_TELEMETRY_ENABLED']) ?? true,
    endpoint: options.endpoint ?? text('VITE_TELEMETRY_ENDPOINT'),
    headers: options.headers ?? text('VITE_TELEMETRY_HEADERS'),
  } as TelemetryOptions;
};
