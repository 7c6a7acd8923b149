/** Real Socket.IO servers and clients. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type ServerOptions, type Socket as ServerSocket } from 'socket.io';
import { type ManagerOptions, type Socket, type SocketOptions, io } from 'socket.io-client';
import { onTestFinished } from 'vitest';

export interface Rig {
  server: Server;
  url: string;
  connect(options?: Partial<ManagerOptions & SocketOptions>, namespace?: string): Socket;
}

export const startServer = async (options: Partial<ServerOptions> = {}): Promise<Rig> => {
  const http = createServer();
  const server = new Server(http, options);
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    await server.close();
  });
  return {
    server,
    url,
    connect: (clientOptions = {}, namespace = '/') => {
      const socket = io(url + namespace, { forceNew: true, transports: ['websocket'], reconnectionDelay: 10, ...clientOptions });
      onTestFinished(() => {
        socket.disconnect();
      });
      return socket;
    },
  };
};

/** The server's side of the next connection. */
export const nextPeer = (server: Server, namespace = '/'): Promise<ServerSocket> =>
  new Promise((resolve) => server.of(namespace).once('connection', resolve));

export const connected = (socket: Socket): Promise<void> =>
  socket.connected ? Promise.resolve() : new Promise((resolve) => socket.once('connect', () => resolve()));
