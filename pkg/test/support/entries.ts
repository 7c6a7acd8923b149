/** A browser's performance entries, told by the test. */
import { vi } from 'vitest';

type Callback = (list: { getEntries(): object[] }) => void;

export interface Entries {
  /** Types that are observed right now. */
  observed(): string[];
  /** Tells all observers of these entries. */
  tell(...list: object[]): void;
}

/** Replaces `PerformanceObserver` by one that knows these types; the test takes it back with `vi.unstubAllGlobals()`. */
export const entries = (...types: string[]): Entries => {
  const observers = new Map<object, [string, Callback]>();
  vi.stubGlobal(
    'PerformanceObserver',
    class {
      static readonly supportedEntryTypes = types;
      constructor(private readonly callback: Callback) {}
      observe({ type }: { type: string }): void {
        observers.set(this, [type, this.callback]);
      }
      disconnect(): void {
        observers.delete(this);
      }
    },
  );
  return {
    observed: () => [...observers.values()].map(([type]) => type),
    tell(...list) {
      for (const [, callback] of observers.values()) callback({ getEntries: () => list });
    },
  };
};
