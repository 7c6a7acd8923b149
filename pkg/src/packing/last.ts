/** What the engine still has when the page may be gone in a moment, as one request. */
import type { Engine } from '../core/engine.js';
import type { Request } from '../core/transport.js';
import { gzipNow } from './gzip.js';
import { KEEPALIVE_BYTES, type Outbox } from './outbox.js';

/** The module's number for everything that waits. */
const FINAL = 2;
const NOTHING = /*@__PURE__*/ new Uint8Array();

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

/** Goes on where it was ended, see `packer.ts`. */
export class Last {
  /** Taken out of the module, and not on its way yet. */
  private spans: Request[] = [];
  /** Numbers of requests that do not fit, or are none of spans. */
  private readonly others: number[] = [];

  constructor(
    private readonly engine: Engine,
    private readonly outbox: Outbox,
  ) {}

  /** Sends as many of the engine's spans as fit once they are compressed; the rest waits there. */
  send(): void {
    const { engine, others } = this;
    const body = this.pack(KEEPALIVE_BYTES - engine.reserved);
    const { spans } = this;
    if (spans.length) {
      void this.outbox.post(0, body, ({ status, pause, answer }) => {
        // How many were rejected is said of all of them together.
        spans.forEach(({ id }, at) => engine.arm(engine.answered(id, status, pause, at ? NOTHING : answer)));
      });
      this.spans = [];
    }
    // These wait on, as after a broken connection; what is neither large nor a span is sent by the engine now.
    for (let id; (id = others.pop()); ) engine.arm(engine.answered(id, 0, -1, NOTHING));
  }

  /** Takes everything that waits, and returns as many of its spans as fit into `room`. */
  private pack(room: number): Uint8Array<ArrayBuffer> {
    const { engine, spans, others } = this;
    while (engine.take(FINAL, -1));
    // Those that are being compressed, too: they would not leave any more.
    for (const request of engine.flying) {
      if (request.safe !== undefined) continue;
      if (request.signal) others.push(request.id);
      else spans.push(request);
      engine.flying.delete(request);
    }
    let body = gzipNow(joined(spans));
    // The oldest go first.
    while (body.length > room && spans.length) {
      const fit = Math.floor((spans.length * room) / body.length);
      others.push(...spans.splice(Math.max(0, Math.min(fit, spans.length - 1))).map(({ id }) => id));
      body = gzipNow(joined(spans));
    }
    return body;
  }
}
