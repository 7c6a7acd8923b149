/** Headers of export requests in the form of environment variables; loaded only where that form is used. */
import { warnOnce } from './warn.js';

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
