/** What the engine still has when the page may be gone in a moment, as one request. */
import type { Engine } from '../core/engine.js';
import type { Request } from '../core/transport.js';
import { gzipNow } from './gzip.js';

/** The module's number for everything that waits. */
const FINAL = 2;

/** Requests one behind the other are one request: its only field is a list. */
const joined = (requests: readonly Request[]): Uint8Array => {
  const all = new Uint8Array(requests.reduce((sum, { body }) => sum + body.length, 0));
  let at = 0;
  for (const { body } of requests) {
    all.set(body, at);
    at += body.length;
  }
  return all;
};

/** What the engine has given away to be sent at the end. */
export interface Leaving {
  spans: Request[];
  /** Numbers of requests that do not fit, or are none of spans. */
  others: number[];
}

/** Moves everything that waits to `leaving`; returns as many of its spans as fit into `room` once they are compressed. */
export const last = (engine: Engine, leaving: Leaving, room: number): Uint8Array<ArrayBuffer> => {
  const { spans, others } = leaving;
  const sort = (request: Request): void => void (request.signal ? others.push(request.id) : spans.push(request));
  // What is being compressed would not leave any more.
  for (const request of engine.flying) {
    if (request.safe !== undefined) continue;
    sort(request);
    engine.flying.delete(request);
  }
  for (let request; (request = engine.take(FINAL, -1)); ) sort(request);
  let body = gzipNow(joined(spans));
  // The oldest go first.
  while (body.length > room && spans.length) {
    const fit = Math.floor((spans.length * room) / body.length);
    others.push(...spans.splice(Math.max(0, Math.min(fit, spans.length - 1))).map(({ id }) => id));
    body = gzipNow(joined(spans));
  }
  return body;
};
