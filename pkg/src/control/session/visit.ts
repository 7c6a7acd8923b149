/** When a session begins, goes on and ends. */
import { id, samples } from '../../core/ids.js';
import type { SessionOptions } from './options.js';
import { Store, type Stored } from './store.js';

/** Storage is slow, and other tabs need not know at once. */
const WRITE_EVERY_MS = 5000;

const positive = (value: number | undefined, fallback: number): number => (value! > 0 ? value! : fallback);

/** What happens to a session, for whoever records it. */
export interface VisitEvents {
  started(session: Stored): void;
  ended(session: Stored): void;
  /** Share of sessions to record, asked when one begins. */
  ratio(): number;
}

export class Visit {
  private readonly store: Store;
  private readonly idle: number;
  private readonly longest: number;
  private session: Stored | undefined;
  private written = 0;
  private changing = false;

  constructor(
    options: SessionOptions,
    private readonly events: VisitEvents,
  ) {
    this.idle = positive(options.idleTimeoutMs, 30 * 60_000);
    this.longest = positive(options.maxDurationMs, 24 * 60 * 60_000);
    this.store = new Store(options.keep ?? 'tab');
    this.session = this.store.read();
  }

  /** The session that something belongs to which happens now; that something happens keeps it going. */
  now(): Stored {
    const at = Date.now();
    let { session } = this;
    // What is recorded about the change itself.
    if (session && this.changing) return session;
    if (!session || this.isOver(session, at)) session = this.shared(at) ?? this.begin(at);
    session.seen = at;
    if (at - this.written >= WRITE_EVERY_MS) this.write();
    return session;
  }

  /** Stores it, unless another tab has begun a later one, which is then ours, too. */
  write(): void {
    const stored = this.store.read();
    const { session } = this;
    if (!session) return;
    if (stored && stored.id !== session.id && stored.start > session.start) this.session = stored;
    else {
      if (stored?.id === session.id) session.seen = Math.max(session.seen, stored.seen);
      this.store.write(session);
    }
    this.written = Date.now();
  }

  /** Ends it before its time, and begins the next one. */
  end(): void {
    this.begin(Date.now());
  }

  private isOver({ start, seen }: Stored, at: number): boolean {
    return at - seen >= this.idle || at - start >= this.longest;
  }

  /** What another tab has stored, which may have kept the session going or begun the next one. */
  private shared(at: number): Stored | undefined {
    const stored = this.store.read();
    return stored && !this.isOver(stored, at) ? (this.session = stored) : undefined;
  }

  private begin(at: number): Stored {
    const { session: before, events } = this;
    this.changing = true;
    try {
      if (before) events.ended(before);
      const fresh = id(16);
      const next = { id: fresh, previous: before?.id, start: at, seen: at, sampled: samples(fresh, events.ratio()) };
      this.session = next;
      this.store.write(next);
      this.written = at;
      events.started(next);
      return next;
    } finally {
      this.changing = false;
    }
  }
}
