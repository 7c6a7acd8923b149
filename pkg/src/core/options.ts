/** Options that the engine needs: the endpoint's forms, headers, bounds. */
import { warnOnce } from './warn.js';

/** A number within bounds. */
export const clamp = (value: number | undefined, fallback: number, least: number, most: number): number =>
  Math.min(most, Math.max(least, Number.isFinite(value) ? (value as number) : fallback));

/** `k=v,k2=v2` with percent-encoded values, as in `OTEL_EXPORTER_OTLP_HEADERS`. */
export const parseHeaders = (text: string): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const [, name, value = ''] = /^\s*([!#$%&'*+.^`|~\w-]+)\s*=(.*)/.exec(pair) ?? [];
    if (name) {
      try {
        headers[name] = decodeURIComponent(value.trim());
      } catch {
        // Not percent-encoded after all.
        headers[name] = value.trim();
      }
    } else if (pair.trim()) {
      // The value may be a secret, so it is not repeated.
      warnOnce('a header was left out: write headers as name=value,name2=value2');
    }
  }
  return headers;
};

/** The three URLs for an endpoint, or `undefined` if it is none. Relative ones are resolved against the page. */
export const endpoints = (endpoint: string | undefined): string[] | undefined => {
  try {
    const url = new URL(endpoint || '/', globalThis.location?.href);
    if (!/^https?:$/.test(url.protocol)) throw 0;
    url.hash = '';
    const base = url.pathname.replace(/\/(v1\/(traces|logs|metrics)\/?)?$/, '');
    return ['traces', 'logs', 'metrics'].map((signal) => {
      url.pathname = `${base}/v1/${signal}`;
      return url.href;
    });
  } catch {
    warnOnce(`endpoint: ${endpoint ? `"${endpoint}" is no http(s) URL` : 'there is no page whose origin could be the default'}, set it to an OTLP/HTTP base URL such as http://localhost:4318`);
    return undefined;
  }
};
