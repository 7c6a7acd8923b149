/** Requests that wait for an answer. */
import type { ReplyOptions } from '../../types.js';
import { tick } from '../../core/clock.js';
import { type Timer, later } from '../../core/later.js';
import type { SpanImpl } from '../../core/span.js';
import type { State } from './state.js';

/** Ended requests that are remembered, in case their answer comes late. */
const MAX_LATE = 100;

/** An emitted event. */
export interface Operation {
  readonly span: SpanImpl;
  readonly event: string;
  /** Monotonic time of the emit. */
  readonly begun: number;
  /** An acknowledgement is expected. */
  readonly ack: boolean;
  /** What answers it, if that was declared; a string has none of its properties. */
  readonly reply: Partial<ReplyOptions> | undefined;
  /** The library's own timeout, if the application has set one. */
  readonly ackTimeout: number | undefined;
  ackId?: number | undefined;
  /** Handed to the transport, waiting in the library's buffer, or discarded. */
  handled: boolean;
  ended: boolean;
  expectsReply: boolean;
  timer?: Timer | undefined;
}

export interface Pending {
  /** Remembers the id under which the acknowledgement will come. */
  awaitAck(operation: Operation, id: number | undefined): void;
  /** From now on an answer is expected. */
  awaitReply(operation: Operation): void;
  /** Takes the request whose acknowledgement has this id. */
  acknowledged(id: number | undefined): Operation | undefined;
  /** The request with this span id, be it open or late. */
  requestOf(spanId: string): Operation | undefined;
  /** Ends a request. An answer that comes later still finds it. */
  settle(operation: Operation, error?: string): void;
  /** The answer has come; if the request had already ended, that is told on a span of its own, linked to the request. */
  answer(operation: Operation, error?: string): void;
  /** Ends the span of an event that waits for nothing any more; returns how long it took. */
  finishSend(operation: Operation, error?: string): number;
  /** The connection is gone, and with it every answer. Events still in the library's buffer will yet be sent. */
  disconnected(): void;
}

export const createPending = (state: State): Pending => {
  const open = new Set<Operation>();
  const byAck = new Map<number | undefined, Operation>();
  const bySpan = new Map<string, Operation>();
  const late: Operation[] = [];

  const forget = (operation: Operation): void => {
    const { span, ackId } = operation;
    bySpan.delete(span.spanId);
    if (byAck.get(ackId) === operation) byAck.delete(ackId);
  };

  const finishSend = (operation: Operation, error?: string): number => {
    operation.ended = true;
    clearTimeout(operation.timer);
    open.delete(operation);
    return state.finishSpan(operation.span, 'send', operation.event, operation.begun, error);
  };

  const settle = (operation: Operation, error?: string): void => {
    const { span, event, ended } = operation;
    if (ended) return;
    if (error === undefined) forget(operation);
    else {
      // What was thrown has left its message already.
      span.fail(error, span.message);
      late.push(operation);
      if (late.length > MAX_LATE) forget(late.shift()!);
    }
    const type = error === undefined ? 'answered' : error === 'timeout' ? error : 'failed';
    state.activity(type, span, event, error, finishSend(operation, error), true);
  };

  const arm = (operation: Operation, ms: number): void => {
    operation.timer = later(ms, () => {
      if (operation.reply?.optional && !operation.ack) {
        forget(operation);
        finishSend(operation);
      } else settle(operation, 'timeout');
    });
  };

  return {
    awaitAck(operation, id) {
      if (id === undefined || !operation.ack) return;
      operation.ackId = id;
      byAck.set(id, operation);
      // The library forgets an unsent event when its own timeout is over; so do we.
      if (operation.ackTimeout !== undefined) arm(operation, operation.ackTimeout);
    },

    awaitReply(operation) {
      open.add(operation);
      bySpan.set(operation.span.spanId, operation);
      if (operation.timer === undefined) arm(operation, state.settings.timeoutMs);
    },

    acknowledged(id) {
      const operation = byAck.get(id);
      byAck.delete(id);
      return operation;
    },

    requestOf: (spanId) => bySpan.get(spanId),
    settle,
    finishSend,

    answer(operation, error) {
      const { span: parent, event, begun, ended } = operation;
      if (!ended) return settle(operation, error);
      forget(operation);
      state.core
        .start(`receive ${event}`, { kind: 'consumer', parent, links: [parent], attributes: state.describe(event, 'receive') })
        .event('late_reply', { 'socketio.late_ms': tick() - begun })
        .end();
    },

    disconnected() {
      for (const operation of [...open]) settle(operation, 'disconnected');
    },
  };
};
