/** Requests that wait for an answer. */
import type { ReplyOptions } from '../../types.js';
import { now, tick } from '../../core/clock.js';
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
  readonly reply: ReplyOptions | undefined;
  /** The library's own timeout, if the application has set one. */
  readonly ackTimeout: number | undefined;
  ackId?: number | undefined;
  /** Handed to the transport, waiting in the library's buffer, or discarded. */
  handled: boolean;
  ended: boolean;
  expectsReply: boolean;
  timer?: Timer | undefined;
}

export class Pending {
  private readonly open = new Set<Operation>();
  private readonly byAck = new Map<number, Operation>();
  private readonly bySpan = new Map<string, Operation>();
  private readonly late: Operation[] = [];

  constructor(private readonly state: State) {}

  /** Remembers the id under which the acknowledgement will come. */
  awaitAck(operation: Operation, id: number | undefined): void {
    if (id === undefined || !operation.ack) return;
    operation.ackId = id;
    this.byAck.set(id, operation);
    // The library forgets an unsent event when its own timeout is over; so do we.
    if (operation.ackTimeout !== undefined) this.arm(operation, operation.ackTimeout);
  }

  /** From now on an answer is expected. */
  awaitReply(operation: Operation): void {
    this.open.add(operation);
    this.bySpan.set(operation.span.spanId, operation);
    if (operation.timer === undefined) this.arm(operation, this.state.settings.timeoutMs);
  }

  /** The request whose acknowledgement has this id. */
  acknowledged(id: number | undefined): Operation | undefined {
    const operation = this.byAck.get(id!);
    if (operation) this.byAck.delete(id!);
    return operation;
  }

  /** The request with this span id, be it open or late. */
  request(spanId: string): Operation | undefined {
    return this.bySpan.get(spanId);
  }

  /** Ends a request. An answer that comes later still finds it. */
  end(operation: Operation, error?: string, message?: string): void {
    if (operation.ended) return;
    const { state } = this;
    if (error === undefined) this.forget(operation);
    else {
      operation.span.fail(error, message);
      this.late.push(operation);
      if (this.late.length > MAX_LATE) this.forget(this.late.shift()!);
    }
    const duration = this.complete(operation, error);
    const type = error === undefined ? 'answered' : error === 'timeout' ? 'timeout' : 'failed';
    state.activity(type, operation.span, operation.event, true, duration, message ?? error);
  }

  /** Ends the span of an event that waits for nothing any more; returns how long it took. */
  complete(operation: Operation, error?: string): number {
    operation.ended = true;
    clearTimeout(operation.timer);
    this.open.delete(operation);
    return this.state.finish(operation.span, 'send', operation.event, operation.begun, error);
  }

  /** The answer to a request that had already ended: told on a span of its own, linked to the request. */
  lateAnswer(operation: Operation): void {
    const { state } = this;
    this.forget(operation);
    const { core } = state;
    const span = core.start(`receive ${operation.event}`, {
      kind: 'consumer',
      parent: operation.span,
      links: [operation.span],
      attributes: state.describe(operation.event, 'receive'),
    });
    span.event('late_reply', { 'socketio.late_ms': tick() - operation.begun }, now()).end();
  }

  /** The connection is gone, and with it every answer. Events still in the library's buffer will yet be sent. */
  disconnected(): void {
    for (const operation of [...this.open]) this.end(operation, 'disconnected');
  }

  private arm(operation: Operation, ms: number): void {
    operation.timer = later(ms, () => {
      if (operation.reply?.optional && !operation.ack) {
        this.forget(operation);
        this.complete(operation);
      } else {
        this.end(operation, 'timeout');
      }
    });
  }

  private forget(operation: Operation): void {
    this.bySpan.delete(operation.span.spanId);
    if (operation.ackId !== undefined && this.byAck.get(operation.ackId) === operation) this.byAck.delete(operation.ackId);
  }
}
