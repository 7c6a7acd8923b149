/** An official Node server that knows nothing of us, on a free port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Server, type ServerOptions, type Socket } from 'socket.io';
import { onTestFinished } from 'vitest';

export interface NodeServer {
  io: Server;
  url: string;
}

export const startNode = async (options: Partial<ServerOptions> = {}): Promise<NodeServer> => {
  const http = createServer();
  const io = new Server(http, options);
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  onTestFinished(async () => {
    await io.close();
  });
  return { io, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
};

/** The server's side of the next connection to a namespace. */
export const nextPeer = (io: Server, namespace = '/'): Promise<Socket> =>
  new Promise((resolve) => io.of(namespace).once('connection', resolve));
