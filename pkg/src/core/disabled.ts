/* eslint-disable @typescript-eslint/no-explicit-any -- other people's functions: only `any` accepts every signature */
/** Telemetry that is switched off by option: the same interface, nothing behind it. */
import type { Span, SpanContext, Telemetry } from '../types.js';
import { active, bind, run } from './context.js';

const nothing = (): void => {};

const SPAN: Span = {
  traceId: '0'.repeat(32),
  spanId: '0'.repeat(16),
  sampled: false,
  set: () => SPAN,
  event: () => SPAN,
  link: () => SPAN,
  fail: () => SPAN,
  error: () => SPAN,
  end: nothing,
};

export const disabled = (): Telemetry => ({
  ready: Promise.resolve(false),
  span: (...args: any[]) => args[args.length - 1](SPAN),
  startSpan: () => SPAN,
  active,
  with: run,
  bind: (fn, context?: SpanContext) => bind(fn, context),
  log: nothing,
  exception: nothing,
  counter: () => ({ add: nothing }),
  histogram: () => ({ record: nothing }),
  headers: () => ({}),
  instrumentSocket: () => nothing,
  onSocketActivity: () => nothing,
  setRoute: nothing,
  flush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
  stats: () => ({
    state: 'disabled',
    queued: 0,
    queuedBytes: 0,
    exported: { traces: 0, logs: 0, metrics: 0 },
    dropped: {},
  }),
});
