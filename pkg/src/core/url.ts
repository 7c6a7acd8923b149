/** URLs: which of them an instrumentation looks at, what of them may be recorded, and which may carry context. */
import type { InstrumentationContext } from '../types.js';
import type { Core } from './core.js';

/**
 * Parameters of a query whose names sound as if their values were secret: those of the semantic conventions
 * (<https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/>) and what servers call their own, wherever that
 * is in the name, and rather too many of them. Whoever writes a name with escapes may be hiding which one it is.
 */
const SECRET = /([^?=&]*(token|secret|pass|pwd|key|sess|sid|sig|cred|auth|code|otp|jwt|state|ticket|%)[^=&]*=)[^&]*/gi;

/** A URL as it may be recorded: no credentials, no fragment, and the query string only if `recordQuery` says so, without secrets. */
export const recordUrl = ({ options }: Pick<InstrumentationContext, 'options'>, url: URL): string => {
  const query = url.search && (options.recordQuery ? url.search.replace(SECRET, '$1REDACTED') : '?REDACTED');
  return url.origin === 'null' ? url.protocol : url.origin + url.pathname + query;
};

/** Whether requests to that URL may carry context: the page's own origin, and what `propagateTo` names. */
export const mayPropagate = ({ options }: Pick<InstrumentationContext, 'options'>, url: URL): boolean =>
  url.origin === globalThis.location?.origin ||
  !!options.propagateTo?.some((entry) => (typeof entry === 'string' ? url.origin === entry.replace(/\/$/, '') : url.href.search(entry) >= 0));

/** Whether that URL is where telemetry itself goes. */
export const isExport = (context: InstrumentationContext, url: string): boolean => !!(context as Core).output.loaded?.urls.includes(url);

/** A URL relative to the page; `undefined` if it is none. */
export const parseUrl = (url: string | URL): URL | undefined => {
  try {
    return new URL(url, globalThis.document?.baseURI);
  } catch {
    return undefined;
  }
};

/** Strings that a URL begins with, or patterns that it matches. */
export type UrlRules = readonly (string | RegExp)[];

export const matches = (url: string, rules: UrlRules | undefined): boolean =>
  !!rules?.some((rule) => (typeof rule === 'string' ? url.startsWith(rule) : url.search(rule) >= 0));
