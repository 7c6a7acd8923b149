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

export class Inbound {
  /** Carriers by the argument array they were taken from, which the library passes on as it is. */
  private readonly carriers = new WeakMap<unknown[], Carrier>();

  constructor(
    private readonly state: State,
    private readonly pending: Pending,
  ) {}

  /** In place of `socket.onevent`. */
  readonly receive = (original: (packet: Packet) => void, self: unknown, [packet]: [Packet]): void => {
    const args = packet.data as unknown;
    if (Array.isArray(args)) {
      const swallow = safely(() => this.read(args));
      if (swallow) return;
    }
    original.call(self, packet);
  };

  /** Takes the carrier out; `true` if the event is none of the application's business. */
  private read(args: unknown[]): boolean {
    const { state } = this;
    const { socket } = state;
    const carrier = takeTrailing(args, !!socket._pid);
    if (args[0] === READY) {
      state.markReady();
      // The offset is part of the connection's recovery, whoever the event was for.
      if (args.length > 1) keepOffset(socket, args);
      return true;
    }
    const found = carrier ?? readPayload(args[1]);
    if (found) this.carriers.set(args, found);
    return false;
  }

  /** In place of `socket.emitEvent`. */
  readonly dispatch = (original: EmitEvent, self: unknown, [args]: [unknown[]]): void => {
    const { socket } = this.state;
    const event = String(args[0]);
    const carrier = this.carriers.get(args);
    const answered = safely(() => this.settle(event, carrier)) ?? [];
    const own = socket.listeners(event);
    const span = safely(() => this.begin(event, carrier, answered, own.length + socket.listenersAny().length > 0));
    if (!span) return original.call(self, args);

    const begun = tick();
    const finish = (error?: string): void => {
      safely(() => {
        const duration = this.state.finish(span, 'process', event, begun, error);
        this.state.activity('received', span, event, false, duration, error);
      });
    };
    const promises: Promise<unknown>[] = [];
    try {
      run(span, () => (own.some(isAsync) ? deliver(socket, args, promises) : original.call(self, args)));
    } catch (error) {
      safely(() => span.error(error));
      finish(errorType(error));
      throw error;
    }
    if (!promises.length) return finish();
    let left = promises.length;
    let failure: string | undefined;
    const settled = (): void => {
      if (--left === 0) finish(failure);
    };
    for (const promise of promises) {
      // Thrown on, so that it is still an unhandled rejection to whoever looks for those.
      promise.then(settled, (error: unknown) => {
        failure = errorType(error);
        safely(() => span.error(error));
        settled();
        throw error;
      });
    }
  };

  /** Ends the requests that this event answers. */
  private settle(event: string, carrier: Carrier | undefined): Operation[] {
    const operations: Operation[] = [];
    for (const id of carrier?.re ?? []) {
      const operation = this.pending.request(id);
      if (!operation || operation.ack) continue;
      operations.push(operation);
      if (operation.ended) this.pending.lateAnswer(operation);
      else if (operation.reply?.error === event) this.pending.end(operation, event);
      else this.pending.end(operation);
    }
    return operations;
  }

  private begin(event: string, carrier: Carrier | undefined, answered: Operation[], heard: boolean): SpanImpl | undefined {
    const { state } = this;
    if (!heard) return undefined;
    let parent: SpanContext | undefined;
    let form: string = 'none';
    let sampled: boolean | undefined;
    if (carrier?.context) {
      const { context } = carrier;
      parent = { ...context, sampled: context.sampled ?? state.core.decide(context.traceId) };
      form = carrier.form;
    } else if (answered[0]) {
      parent = answered[0].span;
      form = carrier!.form;
    } else {
      if (!carrier?.error && state.connection) {
        parent = state.connection;
        form = 'connection';
      }
      sampled = carrier?.decision;
      if (sampled !== true && !state.mayBegin(event)) sampled = false;
    }
    const span = state.core.start(
      `process ${event}`,
      { kind: 'consumer', parent: parent ?? null, attributes: state.describe(event, 'process') },
      sampled,
    );
    for (const operation of answered) if (operation.span.spanId !== parent?.spanId) span.link(operation.span);
    return span.set({
      'socketio.context': form,
      'socketio.transport': state.transport,
      'aether.propagation.error': carrier?.error,
    });
  }
}

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
