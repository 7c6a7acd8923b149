/** `@aetherterm/telemetry/socket`: the Socket.IO client, with context on every event. */
import type { Instrumentation, SocketActivity, SocketLike, SocketOptions } from '../../types.js';
import type { Core } from '../../core/core.js';
import { instrumentSocket } from './instrument.js';

/** What {@link socketIo} returns: an instrumentation that is told which sockets to look at. */
export interface SocketIo extends Instrumentation {
  /** Instruments a socket; returns a function that undoes it. Does nothing unless telemetry is on. */
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
  let core: Core | undefined;
  return {
    name: 'socket.io',
    enable(context) {
      core = context as Core;
      return () => {
        core = undefined;
        for (const restore of undo) restore();
      };
    },
    instrument(socket, own) {
      if (!core) return () => {};
      const off = instrumentSocket(core, socket, { ...options, ...own }, listeners);
      const restore = (): void => {
        undo.delete(restore);
        off();
      };
      undo.add(restore);
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
