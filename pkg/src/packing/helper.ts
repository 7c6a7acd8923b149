/** The worker as the page sees it: the lots that it has, and whether it does anything about them. */
import type { Lot } from './lot.js';
import type { Beginning, Order, Outcome, Packed } from './messages.js';

/** A worker that has not answered by then does not any more, in milliseconds. */
const PATIENCE_MS = 10_000;

/** Who is told what the worker says. None of them may throw. */
export interface Employer {
  /** These lots are a request now. Nobody waits for a request of which none are left. */
  packed(packed: Packed, lots: Lot[]): void;
  answered(outcome: Outcome): void;
  /** It cannot be had, or does not answer. */
  failed(): void;
}

export class Helper {
  /** What has not come back, by its number. */
  private readonly away = new Map<number, Lot>();
  private readonly worker: Worker;
  private last = 0;
  /** Up to this one something has to come back. */
  private due = 0;
  private watch: ReturnType<typeof setTimeout> | undefined;

  /** Throws where a page cannot have workers. */
  constructor(
    beginning: Beginning,
    private readonly employer: Employer,
  ) {
    const worker = (this.worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }));
    worker.onmessage = ({ data }: MessageEvent<Packed | Outcome>) => {
      if ('of' in data) employer.answered(data);
      else employer.packed(data, this.back(data));
    };
    // It goes on without: nothing to be told to the page.
    worker.onerror = worker.onmessageerror = (event: Event) => {
      event.preventDefault();
      employer.failed();
    };
    this.say(beginning);
  }

  get lots(): Lot[] {
    return [...this.away.values()];
  }

  /** Has a lot packed; `end` if the request ends with it. */
  pack(lot: Lot, end: boolean): void {
    this.away.set(++this.last, lot);
    this.say([this.last, lot, end]);
    if (!end) return;
    this.due = this.last;
    this.wait();
  }

  /** Has it send the request that begins with this lot, which it has kept. */
  send(from: number): void {
    this.say(from);
  }

  /** Moves everything that has not come back to `back`, one by one, lest a script that is ended in the middle loses it; the worker forgets it. */
  takeBack(back: Lot[]): void {
    const { size } = this.away;
    for (const [id, lot] of this.away) {
      back.push(lot);
      this.away.delete(id);
    }
    if (size) this.say(0);
  }

  stop(): void {
    clearTimeout(this.watch);
    this.worker.terminate();
  }

  /** Sees to it that what is due now comes back. */
  private wait(): void {
    const { due } = this;
    this.watch ??= setTimeout(() => {
      this.watch = undefined;
      const [oldest] = this.away.keys();
      if (oldest! <= due) this.employer.failed();
      else if (oldest! <= this.due) this.wait();
    }, PATIENCE_MS);
  }

  private say(message: Beginning | Order): void {
    this.worker.postMessage(message);
  }

  private back({ from, to }: Packed): Lot[] {
    const lots: Lot[] = [];
    for (let id = from; id <= to; id++) {
      const lot = this.away.get(id);
      if (this.away.delete(id)) lots.push(lot!);
    }
    return lots;
  }
}
