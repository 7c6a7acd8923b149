/** When a session begins, goes on and ends. */
import { id, samples } from '../../core/ids.js';
import { type Kept, kept } from '../kept.js';
import type { SessionOptions } from './options.js';

/** A session as it is stored; times in milliseconds since the Unix epoch. */
export interface Stored {
  id: string;
  /** The one before. */
  previous?: string | undefined;
  start: number;
  /** When something was last done or recorded. */
  seen: number;
  /** Whether it is recorded. */
  sampled: boolean;
}

const KEY = 'aetherterm.session';
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

export interface Visit {
  /** The session that something belongs to which happens now; that something happens keeps it going. */
  now(): Stored;
  /** Stores it, unless another tab has begun a later one, which is then ours, too. */
  write(): void;
  /** Ends it before its time, and begins the next one. */
  end(): void;
}

export const createVisit = ({ idleTimeoutMs, maxDurationMs, keep = 'tab' }: SessionOptions, events: VisitEvents): Visit => {
  const idle = positive(idleTimeoutMs, 30 * 60_000);
  const longest = positive(maxDurationMs, 24 * 60 * 60_000);
  const store: Kept<Stored> = kept(() => (keep === 'tab' ? globalThis.sessionStorage : keep === 'shared' ? globalThis.localStorage : undefined), KEY);
  const read = (): Stored | undefined => {
    const found = store.read();
    return found && /^[\da-f]{32}$/.test(found.id!) && found.start! <= found.seen! ? (found as Stored) : undefined;
  };
  let session = read();
  let written = 0;
  let changing = false;

  const isOver = ({ start, seen }: Stored, at: number): boolean => at - seen >= idle || at - start >= longest;

  /** What another tab has stored, which may have kept the session going or begun the next one. */
  const shared = (at: number): Stored | undefined => {
    const stored = read();
    return stored && !isOver(stored, at) ? (session = stored) : undefined;
  };

  const begin = (at: number): Stored => {
    const before = session;
    changing = true;
    try {
      if (before) events.ended(before);
      const fresh = id(16);
      const next = (session = { id: fresh, previous: before?.id, start: at, seen: at, sampled: samples(fresh, events.ratio()) });
      store.write(next);
      written = at;
      events.started(next);
      return next;
    } finally {
      changing = false;
    }
  };

  const write = (): void => {
    const stored = read();
    if (!session) return;
    if (stored && stored.id !== session.id && stored.start > session.start) session = stored;
    else {
      if (stored?.id === session.id) session.seen = Math.max(session.seen, stored.seen);
      store.write(session);
    }
    written = Date.now();
  };

  return {
    write,
    end: () => void begin(Date.now()),
    now() {
      const at = Date.now();
      // What is recorded about the change itself.
      if (session && changing) return session;
      const current = session && !isOver(session, at) ? session : (shared(at) ?? begin(at));
      current.seen = at;
      if (at - written >= WRITE_EVERY_MS) write();
      return current;
    },
  };
};
