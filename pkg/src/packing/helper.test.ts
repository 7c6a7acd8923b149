import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Helper } from './helper.js';
import { type Lot, LotWriter } from './lot.js';
import type { Beginning, Packed } from './messages.js';

type Hear = (event: { data: Packed }) => void;
let hear: Hear;
/** A worker that does nothing by itself. */
class Idle {
  set onmessage(given: Hear) {
    hear = given;
  }
  postMessage(): void {}
  terminate(): void {}
}
const lot: Lot = new LotWriter(undefined as never).close();
const employer = { packed: vi.fn(), answered: vi.fn(), failed: vi.fn() };
const back = (from: number, to: number): void => hear({ data: { from, to, body: undefined, items: 0, tooLarge: 0 } });

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('Worker', Idle);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.resetAllMocks();
});

it('waits for what a request ends with, and not for what may still grow', () => {
  const helper = new Helper({} as Beginning, employer);
  helper.pack(lot, false);
  vi.advanceTimersByTime(3_600_000);
  helper.pack(lot, true);
  vi.advanceTimersByTime(5_000);
  back(1, 2);
  // These are of the next one.
  helper.pack(lot, false);
  vi.advanceTimersByTime(3_600_000);
  expect(employer.failed).not.toHaveBeenCalled();
  helper.pack(lot, true);
  vi.advanceTimersByTime(9_999);
  expect(employer.failed).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(employer.failed).toHaveBeenCalledOnce();
});

it('waits anew for what ended while it waited', () => {
  const helper = new Helper({} as Beginning, employer);
  helper.pack(lot, true);
  vi.advanceTimersByTime(5_000);
  helper.pack(lot, true);
  back(1, 1);
  vi.advanceTimersByTime(14_999);
  expect(employer.failed).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(employer.failed).toHaveBeenCalledOnce();
});
