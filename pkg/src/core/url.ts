/** URLs: which of them an instrumentation looks at, and what of them may be recorded. */

/** The URL as it may be recorded: no credentials, no fragment, the query only if asked for. */
export const recordUrl = (url: URL, recordQuery = false): string => {
  const query = url.search && (recordQuery ? url.search : '?REDACTED');
  return url.origin === 'null' ? url.protocol : url.origin + url.pathname + query;
};

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
