/* eslint-disable @typescript-eslint/no-explicit-any -- other people's functions: only `any` accepts every signature */
/**
 * Instrumenting a Socket.IO client socket.
 *
 * Not a single listener is wrapped: six methods of this one socket object are replaced, below the level
 * where listeners, acknowledgements and buffers are kept. So `off` finds what `on` added, `listeners()`
 * shows what the application has put there, and order, arguments and errors stay the library's own.
 */
import type { SocketActivity, SocketLike, SocketOptions } from '../../types.js';
import type { Core } from '../../core/core.js';
import { warnOnce } from '../../core/warn.js';
import { Connection } from './connection.js';
import { Inbound } from './inbound.js';
import { CONNECT, type Hook, isKnown, patch } from './internals.js';
import { settingsFrom } from './options.js';
import { Outbound } from './outbound.js';
import { Pending } from './pending.js';
import { State, safely } from './state.js';

const instrumented = /*@__PURE__*/ new WeakSet<object>();

/** Instruments `socket`; returns a function that undoes it. */
export const instrumentSocket = (
  core: Core,
  socket: SocketLike,
  options: SocketOptions,
  listeners: ReadonlySet<(activity: SocketActivity) => void>,
): (() => void) => {
  if (!isKnown(socket)) {
    warnOnce('instrumentSocket needs a socket of socket.io-client 4; this one is left alone');
    return () => {};
  }
  if (instrumented.has(socket)) {
    warnOnce('a socket is instrumented already; undo that before instrumenting it again');
    return () => {};
  }
  instrumented.add(socket);

  const state = new State(core, socket, settingsFrom(options), listeners);
  const pending = new Pending(state);
  const outbound = new Outbound(state, pending);
  const inbound = new Inbound(state, pending);
  const connection = new Connection(state);
  let on = true;

  /** Replaces a method; once undone, a replacement that could not be removed passes everything through. */
  const hook = (name: Hook, act: (original: any, self: unknown, args: any[]) => unknown): (() => void) =>
    patch(socket, name, (original) =>
      function (this: unknown, ...args: any[]) {
        return on ? act(original, this, args) : original.apply(this, args);
      },
    );

  const undo = [
    hook('emit', (original, self, args) => outbound.emit(original, self, args as [string])),
    hook('packet', (original, self, [packet]) => {
      if (packet.type === CONNECT) original.call(self, safely(() => connection.handshake(packet)) ?? packet);
      else outbound.packet(original, self, packet);
    }),
    hook('onevent', (original, self, [packet]) => inbound.receive(original, self, packet)),
    hook('emitEvent', (original, self, [args]) => inbound.dispatch(original, self, args)),
    hook('onack', (original, self, [packet]) => outbound.acknowledged(original, self, packet)),
    hook('emitReserved', (original, self, args) => {
      safely(() => {
        if (args[0] === 'disconnect') pending.disconnected();
        connection.reserved(args[0], args[1]);
      });
      return original.apply(self, args);
    }),
  ];

  return () => {
    if (!on) return;
    on = false;
    for (const restore of undo) restore();
    safely(() => pending.disconnected());
    safely(() => connection.close());
    instrumented.delete(socket);
  };
};
