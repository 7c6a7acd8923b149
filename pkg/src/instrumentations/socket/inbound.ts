/**
 * Events that arrive: the carrier is taken out before anybody sees the arguments, then the listeners run in
 * the context of a span.
 */
import type { SpanContext } from '../../types.js';
import { run } from '../../core/context.js';
import { tick } from '../../core/clock.js';
import type { SpanImpl } from '../../core/span.js';
import { errorType } from '../../core/thrown.js';
import { type Carrier, READY, readPayload, takeTrailing } from './carrier.js';
import type { Packet, SocketInternals } from './internals.js';
import type { Operation, Pending } from './pending.js';
import { type State, safely } from './state.js';

type EmitEvent = (args: unknown[]) => void;
type Listener = (...args: unknown[]) => unknown;

/** An async function's promise is always a fresh one, so that watching it cannot hide a rejection from anybody. */
const isAsync = (listener: Listener): boolean => Object.prototype.toString.call(listener) === '[object AsyncFunction]';

export interface Inbound {
  /** In place of `socket.onevent`. */
  receive(original: (packet: Packet) => void, self: unknown, args: [Packet]): void;
  /** In place of `socket.emitEvent`. */
  dispatch(original: EmitEvent, self: unknown, args: [unknown[]]): void;
}

export const createInbound = (state: State, pending: Pending): Inbound => {
  const { core, socket } = state;
  /** Carriers by the argument array they were taken from, which the library passes on as it is. */
  const carriers = new WeakMap<unknown[], Carrier>();

  /** Takes the carrier out; `true` if the event is none of the application's business. */
  const read = (args: unknown[]): boolean => {
    const carrier = takeTrailing(args, !!socket._pid);
    if (args[0] === READY) {
      state.setReady(true);
      // The offset is part of the connection's recovery, whoever the event was for.
      if (args.length > 1) keepOffset(socket, args);
      return true;
    }
    const found = carrier ?? readPayload(args[1]);
    if (found) carriers.set(args, found);
    return false;
  };

  /** Ends the requests that this event answers. */
  const settle = (event: string, carrier: Carrier | undefined): Operation[] => {
    const operations: Operation[] = [];
    for (const id of carrier?.re ?? []) {
      const operation = pending.requestOf(id);
      if (!operation || operation.ack) continue;
      operations.push(operation);
      pending.answer(operation, operation.reply?.error === event ? event : undefined);
    }
    return operations;
  };

  const begin = (event: string, carrier: Carrier | undefined, answered: Operation[]): SpanImpl => {
    let parent: SpanContext | undefined;
    let form: string = 'none';
    let sampled: boolean | undefined;
    const context = carrier?.context;
    if (context) {
      parent = { ...context, sampled: context.sampled ?? core.decide(context.traceId) };
      form = carrier.form;
    } else if (answered[0]) {
      parent = answered[0].span;
      form = carrier!.form;
    } else {
      if (!carrier?.error && state.connectionSpan) {
        parent = state.connectionSpan;
        form = 'connection';
      }
      sampled = carrier?.decision;
      if (sampled !== true && !state.mayBegin(event)) sampled = false;
    }
    const span = core.start(
      `process ${event}`,
      { kind: 'consumer', parent: parent ?? null, attributes: state.describe(event, 'process') },
      sampled,
    );
    for (const operation of answered) if (operation.span.spanId !== parent?.spanId) span.link(operation.span);
    return span.set({
      'socketio.context': form,
      'socketio.transport': state.transportName(),
      'aether.propagation.error': carrier?.error,
    });
  };

  return {
    receive(original, self, [packet]) {
      const args = packet.data as unknown;
      if (!(Array.isArray(args) && safely(() => read(args)))) original.call(self, packet);
    },

    dispatch(original, self, [args]) {
      const event = String(args[0]);
      const carrier = carriers.get(args);
      const answered = safely(() => settle(event, carrier)) ?? [];
      const own = socket.listeners(event);
      const span = own.length + socket.listenersAny().length > 0 ? safely(() => begin(event, carrier, answered)) : undefined;
      if (!span) return original.call(self, args);

      const begun = tick();
      let failure: string | undefined;
      const failed = (error: unknown): never => {
        safely(() => {
          failure = errorType(error);
          span.error(error);
        });
        settled();
        // Thrown on: to the library, or so that it is still an unhandled rejection to whoever looks for those.
        throw error;
      };
      // The delivery itself, and then every promise that a listener has returned.
      let left = 1;
      const settled = (): void => {
        if (!--left) safely(() => state.activity('received', span, event, failure, state.finishSpan(span, 'process', event, begun, failure)));
      };
      const promises: Promise<unknown>[] = [];
      try {
        run(span, () => (own.some(isAsync) ? deliver(socket, args, promises) : original.call(self, args)));
      } catch (error) {
        failed(error);
      }
      left += promises.length;
      for (const promise of promises) promise.then(settled, failed);
      settled();
    },
  };
};

/**
 * The library's `emitEvent`, which throws away what listeners return, keeping the promises of async ones:
 * listeners for any event first, then those for this one, then the offset for connection state recovery.
 */
const deliver = (socket: SocketInternals, args: unknown[], promises: Promise<unknown>[]): void => {
  for (const listener of [...socket.listenersAny()]) listener.apply(socket, args);
  const [event, ...rest] = args;
  for (const listener of [...socket.listeners(event as string)]) {
    const result = listener.apply(socket, rest);
    if (isAsync(listener)) promises.push(result as Promise<unknown>);
  }
  keepOffset(socket, args);
};

/** With connection state recovery the last argument says where to go on after a reconnect. */
const keepOffset = (socket: SocketInternals, args: unknown[]): void => {
  const offset = args[args.length - 1];
  if (socket._pid && typeof offset === 'string') socket._lastOffset = offset;
};
