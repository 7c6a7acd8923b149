/** Posting a packed request, from the page or from its worker. What is different in `core/transport.ts` is that it packs. */
import type { Outcome } from './messages.js';

/** As in `core/transport.ts`. */
const MAX_ANSWER_BYTES = 4096;
const TIMEOUT_MS = 10_000;

/** Resolves with what has become of it, whatever that is. */
export const post = async (fetch: typeof globalThis.fetch, of: number, url: string, given: Record<string, string>, body: Uint8Array<ArrayBuffer>, keepalive: boolean): Promise<Outcome> => {
  try {
    const headers: Record<string, string> = { ...given, 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' };
    if (url.startsWith(globalThis.location.origin + '/')) headers['x-aether-sent-at'] = '' + (performance.timeOrigin + performance.now());
    const response = await fetch(url, { method: 'POST', headers, body, keepalive, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const answer = new Uint8Array(await response.arrayBuffer());
    const asked = response.headers.get('retry-after');
    const pause = Number(asked) * 1000 || Date.parse(asked!) - Date.now();
    return { of, status: response.status, pause: pause >= 0 ? pause : -1, answer: answer.length > MAX_ANSWER_BYTES ? new Uint8Array() : answer };
  } catch {
    // No answer. When a page is left its requests fail for the page alone, and the browser goes on with them: then nothing follows any more.
    await new Promise((resolve) => setTimeout(resolve));
    return { of, status: 0, pause: -1, answer: new Uint8Array() };
  }
};
