/**
 * Requests that are packed: sent within the budget of those that outlive a page, and kept until a backend has answered.
 * What exceeds that budget could not outlive it anyway, so the worker sends it.
 */
import type { Engine } from '../core/engine.js';
import { later } from '../core/later.js';
import { LOSS } from '../core/records.js';
import { rejected } from './answer.js';
import type { Batch, Lot } from './lot.js';
import type { Outcome } from './messages.js';
import { post } from './post.js';

/** As in `transport.ts`; importing it from there would cut the engine's chunk in two, for every page. */
export const KEEPALIVE_BYTES = 60 * 1024;
/** Requests of the page have ids below it, which nobody else uses; those of the worker have the number of their first lot. */
const FIRST_ID = -1e9;
/** The module's numbers for what was lost. */
export const TOO_LARGE = 1;
export const MALFORMED = 2;
const REFUSED = 3;
const REJECTED = 5;
/** A worker that has not said by then what has become of a request does not any more, in milliseconds. */
const PATIENCE_MS = 15_000;
const NOTHING = /*@__PURE__*/ new Uint8Array();

/** Somebody else sees to the lots that could not be sent, or were. */
export type Settled = (lots: readonly Lot[], failure?: Outcome) => void;

export class Outbox {
  /** Spans that a backend has taken. */
  exported = 0;
  /** Waiting for room. */
  private waiting: [body: Uint8Array<ArrayBuffer>, batch: Batch][] = [];
  private readonly sent = new Map<number, Batch>();
  private last = FIRST_ID;
  /** The page's own, by what says how they have ended. */
  private readonly open = new Set<(outcome: Outcome) => void>();

  constructor(
    private readonly engine: Engine,
    private readonly settled: Settled,
  ) {}

  /** A page that has come back as it was may never hear of what was on its way; what the browser was to deliver, it has. */
  restored(): void {
    for (const end of [...this.open]) end({ of: 0, status: 200, pause: -1, answer: NOTHING });
  }

  get lots(): Lot[] {
    return [...this.waiting.map(([, batch]) => batch), ...this.sent.values()].flatMap(({ lots }) => lots);
  }

  add(body: Uint8Array<ArrayBuffer>, batch: Batch): void {
    this.waiting.push([body, batch]);
    this.send();
  }

  /** The worker sends this one. */
  watch(from: number, batch: Batch): void {
    this.sent.set(from, batch);
    later(PATIENCE_MS, () => {
      if (this.sent.get(from) === batch) this.answer({ of: from, status: 0, pause: -1, answer: NOTHING });
    });
  }

  /** Sends as much as there is room for. Each waits until it is on its way: a script may be ended in the middle, see `packer.ts`. */
  send(): void {
    const { waiting, engine } = this;
    for (let next; (next = waiting[0]) && engine.reserved + next[0].length <= KEEPALIVE_BYTES; ) {
      const id = --this.last;
      void this.post(id, next[0], (outcome) => this.answer(outcome));
      this.sent.set(id, next[1]);
      waiting.shift();
    }
  }

  /** What is not on its way; with `from` 1, what the worker was sending instead. */
  take(from?: number): Lot[] {
    const taken = from ? [...this.sent].filter(([id]) => id >= from && this.sent.delete(id)).map(([, batch]) => batch) : this.waiting.splice(0).map(([, batch]) => batch);
    return taken.flatMap(({ lots }) => lots);
  }

  /** Within the budget, of which that is a part until there is an answer. */
  async post(id: number, body: Uint8Array<ArrayBuffer>, then: (outcome: Outcome) => void): Promise<void> {
    const { engine } = this;
    const end = (outcome: Outcome): void => {
      if (!this.open.delete(end)) return;
      engine.reserved -= body.length;
      then({ ...outcome, of: id });
    };
    // When this has returned, the browser has it.
    const posted = post(engine.fetch, id, engine.urls[0]!, engine.headers, body, true);
    engine.reserved += body.length;
    this.open.add(end);
    end(await posted);
  }

  answer(outcome: Outcome): void {
    const { of, status, answer } = outcome;
    const batch = this.sent.get(of);
    // Taken back meanwhile.
    if (!batch) return;
    const { lots, items } = batch;
    this.sent.delete(of);
    const delivered = status >= 200 && status < 300;
    const again = [0, 429, 502, 503, 504].includes(status);
    if (delivered) {
      const lost = Math.min(items, rejected(answer));
      this.exported += items - lost;
      this.lose(REJECTED, lost);
    } else if (!again) this.lose(REFUSED, items);
    this.settled(lots, again ? outcome : undefined);
    this.send();
  }

  lose(reason: number, count: number): void {
    if (count > 0) this.engine.record({ record: LOSS, signal: 0, reason, count });
  }
}
