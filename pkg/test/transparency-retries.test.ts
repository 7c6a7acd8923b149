/**
 * Transparency of what socket.io-client sends again by itself (`retries` and `ackTimeout`): nobody answers, or the
 * connection breaks before the answer. The server must see as many attempts as without instrumentation, with the same
 * arguments, and the application the same answers and errors.
 */
import { expect, it } from 'vitest';
import type { Socket as ServerSocket } from 'socket.io';
import type { Socket } from 'socket.io-client';
import type { SocketOptions } from '@aetherterm/telemetry';
import { startBoth } from './support/collector.js';
import { connected, startServer } from './support/sockets.js';
import { until } from './support/until.js';

const play = async (transports: string[], instrument: (socket: Socket) => void): Promise<unknown[][]> => {
  const client: unknown[] = [];
  const server: unknown[] = [];
  const rig = await startServer();
  let peer: ServerSocket | undefined;
  let broken = 0;
  rig.server.on('connection', (one) => {
    peer = one;
    one.onAny((event: string, ...args: unknown[]) => {
      const ack = args.pop();
      server.push([event, typeof ack, ...args.map((value) => (value instanceof Uint8Array ? [...value] : value))]);
      if (event === 'silent') return;
      // The first attempt is lost with its connection.
      if (event === 'breaks' && !broken++) peer!.conn.close();
      else (ack as (...answer: unknown[]) => void)('thanks', Buffer.from([1]));
    });
  });
  const socket = rig.connect({ transports, retries: 2, ackTimeout: 60_000 });
  instrument(socket);
  socket.onAnyOutgoing((event: string, ...args: unknown[]) => client.push(['outgoing', event, ...args.map((value) => typeof value)]));
  const shown = (value: unknown): unknown => (value instanceof Error ? value.message : value instanceof Uint8Array || value instanceof ArrayBuffer ? 'bytes' : value);
  const done: Promise<void>[] = [];
  const emit = (timeout: number | undefined, event: string, ...args: unknown[]): void => {
    const from = timeout ? socket.timeout(timeout) : socket;
    done.push(new Promise((resolve) => from.emit(event, ...args, (...answer: unknown[]) => (client.push([event, ...answer.map(shown)]), resolve()))));
  };
  emit(undefined, 'early', 1);
  await connected(socket);
  emit(undefined, 'ask', { a: 1 }, Buffer.from([7]));
  emit(undefined, 'breaks', 2);
  client.push(['promise', await socket.emitWithAck('as a promise', [3]).then(shown)]);
  socket.emit('nobody waits', 4);
  await Promise.all(done);
  await until(() => server.length >= 6, 'what nobody waits for');
  // Never answered at all, so its time may be short. Last and alone: the library leaves the flag to the next event where one waits in front.
  await until(() => (socket as unknown as { _queue: unknown[] })._queue.length === 0, 'an empty queue');
  emit(20, 'silent', 'x');
  await Promise.all(done);
  await until(() => server.length >= 9, 'every attempt');
  socket.disconnect();
  return [client, server];
};

it.each<[string, SocketOptions]>([
  ['websocket', { handshake: false }],
  ['websocket', { context: 'off' }],
  ['polling', { handshake: false }],
])('over %s with %o, what is sent again is the same', async (transport, options) => {
  const [telemetry, collector] = await startBoth();
  const bare = await play([transport], () => {});
  const ours = await play([transport], (socket) => void telemetry.instrumentSocket(socket, options));
  expect(ours).toEqual(bare);
  const seen = bare[1]!.map((one) => (one as unknown[])[0]);
  expect(seen).toEqual(['early', 'ask', 'breaks', 'breaks', 'as a promise', 'nobody waits', 'silent', 'silent', 'silent']);
  await telemetry.flush();
  expect(collector.spans().map(({ name }) => name)).toEqual(expect.arrayContaining(['send ask', 'send silent', 'send as a promise']));
});

it('carries one context with each attempt where the server is known to take it off', async () => {
  const [telemetry] = await startBoth();
  const bare = await play(['websocket'], () => {});
  const ours = await play(['websocket'], (socket) => void telemetry.instrumentSocket(socket, { context: 'traced' }));
  expect(ours[0]).toEqual(bare[0]);
  const carriers = ours[1]!.map((one) => (one as unknown[]).pop());
  expect(carriers).toEqual(carriers.map(() => ({ _trace: { b3: expect.stringMatching(/^[\da-f]{32}-[\da-f]{16}-1$/) } })));
  expect(ours[1]).toEqual(bare[1]);
});
