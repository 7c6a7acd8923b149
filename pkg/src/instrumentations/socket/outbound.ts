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

type PacketHook = (original: (packet: Packet) => void, self: unknown, args: [Packet]) => void;

export interface Outbound {
  /** In place of `socket.emit`. */
  emit(original: Emit, self: unknown, args: [event: string, ...unknown[]]): unknown;
  /** In place of `socket.packet`, for events. */
  packet: PacketHook;
  /** In place of `socket.onack`. */
  acknowledged: PacketHook;
}

export const createOutbound = (state: State, pending: Pending): Outbound => {
  const { core, socket, settings } = state;
  /** The event being emitted right now. */
  let current: Operation | undefined;
  /** Events in the library's buffer. */
  const buffered = new WeakMap<Packet, Operation>();
  /** With the option `retries`: the context in which an event was put into the queue, by its internal callback. */
  const queued = new WeakMap<object, SpanContext>();

  const enqueue: Outbound['emit'] = (original, self, args) => {
    const queue = socket._queue;
    const length = queue?.length ?? 0;
    const result = original.apply(self, args);
    const context = active();
    if (context && queue && queue.length > length) queued.set(queue.at(-1)!.args.at(-1) as object, context);
    return result;
  };

  const begin = (event: string, ack: boolean, context: SpanContext | undefined): Operation => {
    const parent = context ?? active();
    const span = core.start(
      `send ${event}`,
      { parent: parent ?? null, attributes: state.describe(event, 'send') },
      parent || state.mayBegin(event) ? undefined : false,
    );
    return {
      span,
      event,
      begun: tick(),
      ack,
      reply: settings.replies.get(event) as Operation['reply'],
      ackTimeout: socket.flags.timeout ?? socket._opts?.ackTimeout,
      handled: false,
      ended: false,
      expectsReply: ack,
    };
  };

  /** `emit` has returned without handing anything to the transport. */
  const unsent = (operation: Operation, length: number): void => {
    const { span, event } = operation;
    operation.handled = true;
    if (socket.sendBuffer.length > length) {
      const packet = socket.sendBuffer.at(-1)!;
      buffered.set(packet, operation);
      pending.awaitAck(operation, packet.id);
      return;
    }
    // A volatile event while the transport was busy: not sent, by design.
    span.as('producer').set({ 'socketio.discarded': true });
    pending.finishSend(operation);
    state.activity('failed', span, event, 'discarded');
  };

  /** Puts the context in and decides what the span is; the packet itself is what `onAnyOutgoing` has seen and stays. */
  const prepare = (operation: Operation, packet: Packet): Packet => {
    const { span, ack, reply, begun, handled: waited } = operation;
    operation.handled = true;
    let data = packet.data as unknown[];
    let form = 'none';
    const { context } = settings;
    if (context === 'traced' || (context === 'auto' && state.serverIsReady())) {
      data = [...data, trailing(span)];
      form = 'trailing';
    } else if (context === 'payload') {
      const payload = intoPayload(data[1], span);
      if (payload) {
        data = [data[0], payload, ...data.slice(2)];
        form = context;
      }
    }
    // A declared reply can only be matched if the server gets to know the request.
    operation.expectsReply = ack || (!!reply && form !== 'none');
    span.as(operation.expectsReply ? 'client' : 'producer').set({
      'socketio.ack': ack,
      'socketio.transport': state.transportName(),
      'socketio.context': form,
      'socketio.request_id': form === 'payload' ? span.spanId : undefined,
      'socketio.buffered_ms': waited ? tick() - begun : undefined,
    });
    if (!waited) pending.awaitAck(operation, packet.id);
    return { ...packet, data };
  };

  const handedOver = (operation: Operation): void => {
    const { span, event, ended, expectsReply } = operation;
    if (ended) return;
    state.activity('sent', span, event, undefined, undefined, expectsReply);
    if (expectsReply) pending.awaitReply(operation);
    else pending.finishSend(operation);
  };

  /** Runs what hands an event over; what that throws is recorded and thrown on. */
  const attempt = <T>(operation: Operation, act: () => T): T => {
    try {
      return act();
    } catch (error) {
      safely(() => {
        operation.handled = true;
        if (operation.ended) return;
        operation.span.error(error);
        pending.settle(operation, (operation.span.attributes['error.type'] as string | undefined) ?? 'error');
      });
      throw error;
    }
  };

  return {
    emit(original, self, args) {
      const last = args.at(-1);
      if (socket._opts?.retries && !socket.flags.fromQueue && !socket.flags.volatile) return enqueue(original, self, args);

      const operation = safely(() => begin(String(args[0]), typeof last === 'function', queued.get(last as object)));
      if (!operation) return original.apply(self, args);
      const outer = current;
      const { length } = socket.sendBuffer;
      current = operation;
      try {
        return attempt(operation, () => original.apply(self, args));
      } finally {
        current = outer;
        if (!operation.handled) safely(() => unsent(operation, length));
      }
    },

    packet(original, self, [packet]) {
      const operation = buffered.get(packet) ?? (packet.type === EVENT && !current?.handled ? current : undefined);
      if (!operation) return original.call(self, packet);
      const copy = safely(() => prepare(operation, packet)) ?? packet;
      attempt(operation, () => original.call(self, copy));
      safely(() => handedOver(operation));
    },

    acknowledged(original, self, [packet]) {
      const operation = pending.acknowledged(packet.id);
      if (!operation) return original.call(self, packet);
      safely(() => pending.answer(operation));
      // What the callback does is a consequence of the request.
      run(operation.span, () => original.call(self, packet));
    },
  };
};
