/**
 * Events that the page emits: from `emit`, where the current context is known, to `packet`, where the event
 * is handed to the transport (perhaps much later, when it had to wait for the connection).
 */
import type { SpanContext } from '../../types.js';
import { active, run } from '../../core/context.js';
import { tick } from '../../core/clock.js';
import { intoPayload, trailing } from './carrier.js';
import { EVENT, type Packet } from './internals.js';
import type { Operation, Pending } from './pending.js';
import { type State, safely } from './state.js';

type Emit = (this: unknown, event: string, ...args: unknown[]) => unknown;

export class Outbound {
  /** The event being emitted right now. */
  private current: Operation | undefined;
  /** Events in the library's buffer. */
  private readonly buffered = new WeakMap<Packet, Operation>();
  /** With the option `retries`: the context in which an event was put into the queue, by its internal callback. */
  private readonly queued = new WeakMap<object, SpanContext>();

  constructor(
    private readonly state: State,
    private readonly pending: Pending,
  ) {}

  /** In place of `socket.emit`. */
  readonly emit = (original: Emit, self: unknown, args: [event: string, ...unknown[]]): unknown => {
    const { socket } = this.state;
    const last = args[args.length - 1];
    if (socket._opts?.retries && !socket.flags.fromQueue && !socket.flags.volatile) return this.enqueue(original, self, args);

    const operation = safely(() => this.begin(String(args[0]), typeof last === 'function', this.queued.get(last as object)));
    if (!operation) return original.apply(self, args);
    const outer = this.current;
    const length = socket.sendBuffer.length;
    this.current = operation;
    try {
      return original.apply(self, args);
    } catch (error) {
      safely(() => this.failed(operation, error));
      throw error;
    } finally {
      this.current = outer;
      if (!operation.handled) safely(() => this.unsent(operation, length));
    }
  };

  /** In place of `socket.packet`, for events. */
  packet(original: (packet: Packet) => void, self: unknown, [packet]: [Packet]): void {
    const { current } = this;
    let operation = this.buffered.get(packet);
    if (!operation && current && !current.handled && packet.type === EVENT) operation = current;
    if (!operation) return original.call(self, packet);
    const sending = operation;
    const copy = safely(() => this.prepare(sending, packet)) ?? packet;
    try {
      original.call(self, copy);
    } catch (error) {
      safely(() => this.failed(sending, error));
      throw error;
    }
    safely(() => this.handedOver(sending));
  }

  private enqueue(original: Emit, self: unknown, args: [event: string, ...unknown[]]): unknown {
    const queue = this.state.socket._queue;
    const length = queue?.length ?? 0;
    const result = original.apply(self, args);
    const context = active();
    if (context && queue && queue.length > length) {
      const entry = queue[queue.length - 1]!.args;
      this.queued.set(entry[entry.length - 1] as object, context);
    }
    return result;
  }

  private begin(event: string, ack: boolean, context: SpanContext | undefined): Operation {
    const { state } = this;
    const parent = context ?? active();
    const span = state.core.start(
      `send ${event}`,
      { parent: parent ?? null, attributes: state.describe(event, 'send') },
      parent || state.mayBegin(event) ? undefined : false,
    );
    return {
      span,
      event,
      begun: tick(),
      ack,
      reply: state.settings.replies.get(event),
      ackTimeout: state.socket.flags.timeout ?? state.socket._opts?.ackTimeout,
      handled: false,
      ended: false,
      expectsReply: ack,
    };
  }

  /** `emit` has returned without handing anything to the transport. */
  private unsent(operation: Operation, length: number): void {
    const { sendBuffer } = this.state.socket;
    operation.handled = true;
    if (sendBuffer.length > length) {
      const packet = sendBuffer[sendBuffer.length - 1]!;
      this.buffered.set(packet, operation);
      this.pending.awaitAck(operation, packet.id);
      return;
    }
    // A volatile event while the transport was busy: not sent, by design.
    operation.span.as('producer').set({ 'socketio.discarded': true });
    this.pending.complete(operation);
    this.state.activity('failed', operation.span, operation.event, false, undefined, 'discarded');
  }

  /** Puts the context in and decides what the span is; the packet itself is what `onAnyOutgoing` has seen and stays. */
  private prepare(operation: Operation, packet: Packet): Packet {
    const { state } = this;
    const { span } = operation;
    const buffered = operation.handled;
    operation.handled = true;
    let data = packet.data as unknown[];
    let form = 'none';
    const { context } = state.settings;
    if (context === 'traced' || (context === 'auto' && state.serverIsReady)) {
      data = [...data, trailing(span)];
      form = 'trailing';
    } else if (context === 'payload') {
      const payload = intoPayload(data[1], span);
      if (payload) {
        data = [data[0], payload, ...data.slice(2)];
        form = 'payload';
      }
    }
    // A declared reply can only be matched if the server gets to know the request.
    operation.expectsReply = operation.ack || (!!operation.reply && form !== 'none');
    span.as(operation.expectsReply ? 'client' : 'producer').set({
      'socketio.ack': operation.ack,
      'socketio.transport': state.transport,
      'socketio.context': form,
      'socketio.request_id': form === 'payload' ? span.spanId : undefined,
      'socketio.buffered_ms': buffered ? tick() - operation.begun : undefined,
    });
    if (!buffered) this.pending.awaitAck(operation, packet.id);
    return { ...packet, data };
  }

  private handedOver(operation: Operation): void {
    const { state } = this;
    if (operation.ended) return;
    state.activity('sent', operation.span, operation.event, operation.expectsReply);
    if (operation.expectsReply) this.pending.awaitReply(operation);
    else this.pending.complete(operation);
  }

  private failed(operation: Operation, error: unknown): void {
    operation.handled = true;
    if (operation.ended) return;
    operation.span.error(error);
    this.pending.end(operation, operation.span.attributes['error.type'] as string | undefined ?? 'error');
  }

  /** In place of `socket.onack`. */
  readonly acknowledged = (original: (packet: Packet) => void, self: unknown, [packet]: [Packet]): void => {
    const operation = this.pending.acknowledged(packet.id);
    if (!operation) return original.call(self, packet);
    safely(() => (operation.ended ? this.pending.lateAnswer(operation) : this.pending.end(operation)));
    // What the callback does is a consequence of the request.
    run(operation.span, () => original.call(self, packet));
  };
}
