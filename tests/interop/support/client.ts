/** Official clients, over each of the ways a connection can go. */
import { createRequire } from 'node:module';

import { type ManagerOptions, type Socket, type SocketOptions, io } from 'socket.io-client';
import { onTestFinished } from 'vitest';

export type Way = 'websocket' | 'polling' | 'upgrade';
export const WAYS: readonly Way[] = ['websocket', 'polling', 'upgrade'];

/** The official parser for MessagePack, for the option `parser`. */
export const msgpackParser = createRequire(import.meta.url)('socket.io-msgpack-parser') as typeof import('socket.io-parser');

/** A way, and whether packets are MessagePack. */
export type Wire = { way: Way; msgpack: boolean };
export const WIRES: readonly [string, Wire][] = WAYS.flatMap((way): [string, Wire][] => [
  [way, { way, msgpack: false }],
  [`${way} in MessagePack`, { way, msgpack: true }],
]);

export type ClientOptions = Partial<ManagerOptions & SocketOptions>;

/** A client that has not been told to connect yet; gone with the test. */
export const client = (url: string, way: Way, options: ClientOptions = {}, namespace = '/'): Socket => {
  const socket = io(url + namespace, {
    forceNew: true,
    autoConnect: false,
    reconnectionDelay: 10,
    reconnectionDelayMax: 50,
    transports: way === 'upgrade' ? ['polling', 'websocket'] : [way],
    ...options,
  });
  onTestFinished(() => {
    socket.disconnect();
  });
  return socket;
};

/** Connects, if necessary, and resolves once the connection has taken its final transport. */
export const connect = async (socket: Socket, way: Way): Promise<Socket> => {
  if (!socket.connected) {
    const connected = new Promise<void>((resolve, reject) => {
      const over = (act: () => void): void => {
        socket.off('connect', ok).off('connect_error', failed);
        act();
      };
      const ok = (): void => over(resolve);
      const failed = (error: Error): void => over(() => reject(error));
      socket.on('connect', ok).on('connect_error', failed);
    });
    socket.connect();
    await connected;
  }
  if (way === 'upgrade') await upgraded(socket);
  return socket;
};

/** Resolves once the connection, which began with polling, is a WebSocket. */
export const upgraded = async (socket: Socket): Promise<void> => {
  const { engine } = socket.io;
  if (engine.transport.name !== 'websocket') await new Promise<void>((resolve) => engine.once('upgrade', () => resolve()));
};

/** The arguments of the next `event`. */
export const next = (socket: Socket, event: string): Promise<unknown[]> =>
  new Promise((resolve) => socket.once(event, (...args: unknown[]) => resolve(args)));

/** All arguments of an acknowledgement. */
export const acknowledged = (socket: Socket, event: string, ...args: unknown[]): Promise<unknown[]> =>
  new Promise((resolve) => socket.emit(event, ...args, (...answer: unknown[]) => resolve(answer)));

/** What the server's handler of `seen` got for these arguments: the packet's text and its attachments. */
export const seen = async (socket: Socket, ...args: unknown[]): Promise<unknown> => {
  const [description] = await acknowledged(socket, 'seen', ...args);
  return JSON.parse(description as string);
};
