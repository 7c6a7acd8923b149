/** Transparency over a socket's life: namespaces, parsers, listeners for any event, a lost connection, instrumented late, undone on the way. */
import type { Socket as ServerSocket } from 'socket.io';
import * as msgpack from 'socket.io-msgpack-parser';
import type { Socket } from 'socket.io-client';
import { expect, it } from 'vitest';
import { startBoth } from './support/collector.js';
import { connected, startServer } from './support/sockets.js';
import { until } from './support/until.js';

type Play = (instrument: (socket: Socket) => () => void) => Promise<unknown[]>;
const parser = { Encoder: msgpack.Encoder, Decoder: msgpack.Decoder };

/** Plays with a socket in `/chat`; `when` says where in its life it is instrumented. */
const life =
  (options: object, when: 'at once' | 'connected'): Play =>
  async (instrument) => {
    const log: unknown[] = [];
    const rig = await startServer({ ...options, connectionStateRecovery: {} });
    let peer: ServerSocket | undefined;
    rig.server.of('/chat').on('connection', (one) => {
      peer = one;
      one.onAny((event: string, ...args: unknown[]) => {
        const ack = args.pop();
        log.push(['server', event, ...args.map((value) => (value instanceof Uint8Array ? [...value] : value))]);
        if (typeof ack === 'function') ack(Buffer.from([1]), event);
      });
    });
    const socket = rig.connect(options, '/chat');
    let undo = when === 'at once' ? instrument(socket) : () => {};
    await connected(socket);
    if (when === 'connected') undo = instrument(socket);

    const any = (event: string): void => void log.push(['any', event]);
    const gone = (): void => void log.push('never');
    const outgoing = (event: string, ...args: unknown[]): void => void log.push(['outgoing', event, args.length]);
    socket.onAny(gone).onAny(any).prependAny(gone).onAnyOutgoing(outgoing).prependAnyOutgoing(gone);
    socket.offAny(gone).offAny(gone).offAnyOutgoing(gone);
    log.push([socket.listenersAny().length, socket.listenersAny()[0] === any, socket.listenersAnyOutgoing().length, socket.listenersAnyOutgoing()[0] === outgoing]);

    // When listeners and acknowledgements run, seen from a microtask.
    socket.on('news', (n: number, ...rest: unknown[]) => {
      log.push(['news', n, rest.map((value) => typeof value)]);
      void Promise.resolve().then(() => log.push(['microtask after news', n]));
      if (n === 1) socket.on('news', (again: number) => log.push(['added while it was called', again]));
    });
    socket.once('news', (n: number) => log.push(['once', n]));
    const sent = socket.emit('sync', 1);
    log.push(['emit has returned', sent === socket]);
    const answer = (await socket.emitWithAck('ask', Buffer.from([7, 8]), { deep: [1, null, 'x'] })) as Uint8Array;
    log.push(['answer', [...answer]]);
    peer!.emit('news', 1);
    peer!.emit('news', 2);
    await until(() => log.filter((one) => (one as unknown[])[0] === 'microtask after news').length === 2);

    // The connection breaks, comes back, and what was emitted meanwhile goes out.
    const attempts: unknown[] = [];
    socket.io.on('reconnect_attempt', (n) => attempts.push(n));
    socket.on('disconnect', (reason) => log.push(['disconnect', reason]));
    const again = new Promise<void>((resolve) => socket.once('connect', resolve));
    socket.io.engine.close();
    socket.emit('while away', 1);
    log.push(['waits', socket.sendBuffer.length]);
    await again;
    await until(() => log.some((one) => (one as unknown[])[1] === 'while away'));
    log.push(['attempts', attempts, socket.recovered]);

    undo();
    log.push(['answer', ((await socket.emitWithAck('undone', 1)) as Uint8Array).length]);
    socket.removeAllListeners('news').offAny();
    log.push([socket.listeners('news').length, socket.listenersAny().length]);
    socket.disconnect();
    return log;
  };

it.each([
  ['from the beginning', life({}, 'at once')],
  ['once it is connected', life({}, 'connected')],
  ['with another parser', life({ parser }, 'at once')],
  ['over polling', life({ transports: ['polling'] }, 'at once')],
])('instrumented %s, its life is the same', async (_name, play) => {
  const [telemetry, collector] = await startBoth();
  const bare = await play(() => () => {});
  const ours = await play((socket) => telemetry.instrumentSocket(socket));
  expect(ours).toEqual(bare);
  expect(bare.length).toBeGreaterThan(20);
  await telemetry.flush();
  expect(collector.spans().map(({ name }) => name)).toEqual(expect.arrayContaining(['send ask', 'process news', 'send while away']));
  expect(collector.spans().map(({ name }) => name)).not.toContain('send undone');
});
