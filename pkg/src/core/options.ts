/** Options that the engine needs: the endpoint's forms, and bounds. */
import { warnOnce } from './warn.js';

/** A number within bounds. */
export const clamp = (value: number | undefined, fallback: number, least: number, most: number): number =>
  Math.min(most, Math.max(least, Number.isFinite(value) ? (value as number) : fallback));

/** The three URLs for an endpoint, or `undefined` if it is none. Relative ones are resolved against the page. */
export const endpoints = (endpoint: string | undefined): string[] | undefined => {
  try {
    const url = new URL(endpoint || '/', globalThis.location?.href);
    if (!url.protocol.startsWith('http')) throw 0;
    url.hash = '';
    const base = url.pathname.replace(/\/(v1\/(traces|logs|metrics)\/?)?$/, '');
    return ['traces', 'logs', 'metrics'].map((signal) => {
      url.pathname = `${base}/v1/${signal}`;
      return url.href;
    });
  } catch {
    warnOnce(`endpoint ${endpoint ?? ''}: set it to a URL such as http://localhost:4318`);
    return undefined;
  }
};
