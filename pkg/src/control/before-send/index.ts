/** `@aetherterm/telemetry/before-send`: the application's last look at what is about to leave the page. */
import type { Core } from '../../core/core.js';
import { SPAN } from '../../core/records.js';
import { guard, warnOnce } from '../../core/warn.js';
import type { Attributes, Instrumentation } from '../../types.js';
import { type Item, SCRUB, stage } from '../stages.js';

/** An event of a span. */
export interface OutgoingEvent {
  name: string;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  attributes: Attributes;
}

/** A finished span; what is not `readonly` may be changed. */
export interface OutgoingSpan {
  readonly signal: 'traces';
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly durationMs: number;
  readonly isError: boolean;
  name: string;
  /** Why it failed; empty if it did not. */
  message: string;
  attributes: Attributes;
  events: OutgoingEvent[];
}

/** A log record; what is not `readonly` may be changed. */
export interface OutgoingLog {
  readonly signal: 'logs';
  readonly traceId: string;
  readonly eventName: string;
  /** As OpenTelemetry numbers it: 1 `trace`, 5 `debug`, 9 `info`, 13 `warn`, 17 `error`, 21 `fatal`. */
  readonly severity: number;
  body: string;
  attributes: Attributes;
}

/** Changes what is about to be sent; `false` drops it. */
export type BeforeSend = (item: OutgoingSpan | OutgoingLog) => boolean | void;

const FAILED = 2;
const REASON = 'before_send';

/** Lets `look` see a copy, and takes over what it has changed; `false` if it said so. */
const show = (item: Item, look: BeforeSend): boolean => {
  const attributes = { ...item.attributes };
  if (item.record === SPAN) {
    const { traceId, spanId, parentId, duration, status, name, message } = item;
    const events = item.events.map((event) => ({ ...event, attributes: { ...event.attributes } }));
    const shown: OutgoingSpan = {
      signal: 'traces',
      traceId,
      spanId,
      parentSpanId: parentId,
      durationMs: duration,
      isError: status === FAILED,
      name,
      message,
      attributes,
      events,
    };
    if (look(shown) === false) return false;
    item.name = String(shown.name);
    item.message = String(shown.message);
    // Reading all of it here: what cannot be read is a failure of the function, and not of the encoder.
    item.attributes = { ...shown.attributes };
    item.events = shown.events.map((event) => ({ ...event, name: String(event.name), time: Number(event.time), attributes: { ...event.attributes } }));
    return true;
  }
  const { context, eventName, severity, body } = item;
  const shown: OutgoingLog = { signal: 'logs', traceId: context?.traceId ?? '', eventName, severity, body, attributes };
  if (look(shown) === false) return false;
  item.body = String(shown.body);
  item.attributes = { ...shown.attributes };
  return true;
};

/**
 * Calls `look` with every span and log record just before it is encoded, session, user and global attributes included.
 * It may change what it gets, and drop it by returning `false`. Metrics do not pass here.
 *
 * If it throws, the record is dropped: it may hold just what should have been removed. That is told once on the
 * console, and counted with reason `before_send` in `stats().dropped` and in the metric `aether.telemetry.dropped`.
 *
 * @example
 * beforeSend((item) => {
 *   if (item.signal === 'logs' && item.eventName === 'browser.console') return false;
 *   delete item.attributes['user.email'];
 * });
 */
export const beforeSend = (look: BeforeSend): Instrumentation => ({
  name: 'before-send',
  enable(context) {
    const core = context as Core;
    let failed = 0;
    const { stats } = core;
    core.stats = () => {
      const all = stats();
      if (failed) all.dropped[REASON] = (all.dropped[REASON] ?? 0) + failed;
      return all;
    };
    return stage(context, SCRUB, (item) => {
      try {
        return show(item, look);
      } catch (error) {
        failed++;
        guard('beforeSend', () => warnOnce(`beforeSend failed, so what it looked at is dropped: ${String(error)}`))();
        core.measure(false, 'aether.telemetry.dropped', '{item}', 1, { signal: item.record === SPAN ? 'traces' : 'logs', reason: REASON });
        return false;
      }
    });
  },
});
