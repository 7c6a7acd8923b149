/** `@aetherterm/telemetry/socket`: the Socket.IO client, with context on every event. */
import type { Instrumentation, SocketActivity, SocketLike, SocketOptions } from '../../types.js';
import type { Core } from '../../core/core.js';
import { warnOnce } from '../../core/warn.js';
import { instrumentSocket } from './instrument.js';

/** Sockets that wait for the client; without telemetry they do for good. */
const MAX_EARLY = 20;

/** What {@link socketIo} returns: an instrumentation that is told which sockets to look at. */
export interface SocketIo extends Instrumentation {
  /**
   * Instruments a socket, or as soon as this is an instrumentation of a client; returns a function that undoes it. At
   * most 20 sockets wait for a client; that there are more is said once on the console.
   */
  instrument(socket: SocketLike, options?: SocketOptions): () => void;
  /** Calls `listener` on everything that happens on instrumented sockets; returns a function that ends it. */
  onActivity(listener: (activity: SocketActivity) => void): () => void;
}

/**
 * Instruments sockets of socket.io-client 4. `options` hold for every socket that does not have its own.
 *
 * @example
 * const sockets = socketIo({ context: 'traced' });
 * createTelemetry({ serviceName: 'shop', instrumentations: [sockets] });
 * sockets.instrument(socket);
 */
export const socketIo = (options?: SocketOptions): SocketIo => {
  const listeners = new Set<(activity: SocketActivity) => void>();
  const undo = new Set<() => void>();
  const early = new Set<() => void>();
  let core: Core | undefined;
  return {
    name: 'socket.io',
    enable(context) {
      core = context as Core;
      for (const attach of early) attach();
      early.clear();
      return () => {
        core = undefined;
        for (const restore of undo) restore();
      };
    },
    instrument(socket, own) {
      let off: (() => void) | undefined;
      const attach = (): void => {
        off = instrumentSocket(core!, socket, { ...options, ...own }, listeners);
        undo.add(restore);
      };
      const restore = (): void => {
        early.delete(attach);
        undo.delete(restore);
        off?.();
      };
      if (core) attach();
      else if (early.size < MAX_EARLY) early.add(attach);
      else warnOnce(`only ${MAX_EARLY} sockets can wait`);
      return restore;
    },
    onActivity(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
};
