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
import { createConnection } from './connection.js';
import { createInbound } from './inbound.js';
import { CONNECT, HOOKS, type Hook, type Packet, isKnown, patch } from './internals.js';
import { settingsFrom } from './options.js';
import { createOutbound } from './outbound.js';
import { createPending } from './pending.js';
import { createState, safely } from './state.js';

const instrumented = /*@__PURE__*/ new WeakSet<object>();

/** Instruments `socket`; returns a function that undoes it. */
export const instrumentSocket = (
  core: Core,
  socket: SocketLike,
  options: SocketOptions,
  listeners: ReadonlySet<(activity: SocketActivity) => void>,
): (() => void) => {
  if (!isKnown(socket) || instrumented.has(socket)) {
    warnOnce('left alone: no socket of socket.io-client 4, or instrumented already');
    return () => {};
  }
  instrumented.add(socket);

  const state = createState(core, socket, settingsFrom(options), listeners);
  const pending = createPending(state);
  const outbound = createOutbound(state, pending);
  const inbound = createInbound(state, pending);
  const connection = createConnection(state);
  let on = true;

  const hooks: Record<Hook, (original: any, self: unknown, args: any) => unknown> = {
    emit: outbound.emit,
    packet(original, self, args) {
      if (args[0].type === CONNECT) original.call(self, safely(() => connection.handshake(args[0])) ?? args[0]);
      else outbound.packet(original, self, args as [Packet]);
    },
    onevent: inbound.receive,
    onack: outbound.acknowledged,
    emitEvent: inbound.dispatch,
    emitReserved(original, self, args) {
      safely(() => {
        if (args[0] === 'disconnect') pending.disconnected();
        connection.reserved(args[0], args[1]);
      });
      return original.apply(self, args);
    },
  };
  /** Once undone, a replacement that could not be removed passes everything through. */
  const undo = HOOKS.map((name) =>
    patch(socket, name, (original) =>
      function (this: unknown, ...args: any[]) {
        return on ? hooks[name](original, this, args) : original.apply(this, args);
      },
    ),
  );

  return () => {
    if (!on) return;
    on = false;
    for (const restore of undo) restore();
    safely(() => pending.disconnected());
    safely(() => connection.close());
    instrumented.delete(socket);
  };
};
