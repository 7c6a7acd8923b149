/**
 * Transparency: one scenario, played without instrumentation and with each kind of it against a server that
 * knows nothing of us. Both sides write down all they see; the transcripts must be the same.
 */
import type { Socket as ServerSocket } from 'socket.io';
import type { Socket } from 'socket.io-client';
import { describe, expect, it } from 'vitest';
import type { SocketOptions, Telemetry } from '@aetherterm/telemetry';
import { startBoth } from './support/collector.js';
import { type Rig, connected, startServer } from './support/sockets.js';
import { until } from './support/until.js';

type Log = (who: string, ...what: unknown[]) => void;

const show = (value: unknown): unknown => {
  if (typeof value === 'function') return 'function';
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return `bytes ${Buffer.from(value as Uint8Array).toString('hex')}`;
  if (Array.isArray(value)) return value.map(show);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, show(v)]));
  return value;
};

/** The server: writes down every event, answers acknowledgements, and does a few things when asked. */
const serve = (peer: ServerSocket, log: Log): void => {
  log('server auth', peer.handshake.auth);
  peer.onAny((event: string, ...args: unknown[]) => {
    log('server', event, ...args);
    const ack = args[args.length - 1];
    if (event === 'silent') return;
    if (typeof ack === 'function') ack('pong', { args: args.length }, Buffer.from([1, 2, 3]));
    if (event === 'call me') {
      peer.emit('plain');
      peer.emit('many', 1, 'two', { three: 3 }, [4], null);
      peer.emit('bytes', { nested: Buffer.from([9, 8]) }, Buffer.from([7]));
      peer.emit('with ack', { q: 1 }, (...answer: unknown[]) => {
        log('server got ack', ...answer);
        peer.emit('last');
      });
    }
  });
};

/** The client's side of the scenario. */
const play = async (socket: Socket, log: Log): Promise<void> => {
  const heard = (event: string, ...args: unknown[]): void => log('any', event, ...args);
  socket.onAny(heard);
  socket.prependAny((event: string) => log('first any', event));
  socket.onAnyOutgoing((event: string, ...args: unknown[]) => log('any outgoing', event, ...args));
  log('emit returns', socket.emit('before connect', 1) === socket);
  socket.emit('before connect with ack', (...answer: unknown[]) => log('early ack', ...answer));
  await connected(socket);
  log('listeners', socket.listeners('connect').length, socket.listeners('many').length, socket.listenersAny().length);

  const order: string[] = [];
  const once = (): void => log('once');
  const removed = (): void => log('never');
  const kept = function (this: unknown, ...args: unknown[]): void {
    log('many', this === socket, ...args);
    socket.off('many', kept);
    order.push('kept');
  };
  socket.once('plain', once);
  socket.on('plain', removed);
  socket.off('plain', removed);
  socket.on('many', kept);
  socket.on('many', () => order.push('second'));
  socket.on('bytes', (...args) => log('bytes', ...args));
  socket.on('with ack', async (payload, ack) => {
    log('with ack', payload);
    ack('thanks', Buffer.from([5]));
  });
  log('identity', socket.listeners('many')[0] === kept, socket.hasListeners('plain'));

  log('ack', ...(await new Promise<unknown[]>((resolve) => socket.emit('ask', { a: 1 }, (...answer: unknown[]) => resolve(answer)))));
  log('emitWithAck', await socket.emitWithAck('ask again', 1, 'x', Buffer.from([1])));
  log('timeout, answered', await socket.timeout(60_000).emitWithAck('ask in time'));
  log('timeout, silent', await socket.timeout(30).emitWithAck('silent').catch((error: unknown) => error));
  await new Promise<void>((resolve) => socket.timeout(30).emit('silent', (error: unknown) => (log('timeout callback', error), resolve())));
  // The library drops a volatile event while the transport is still sending the one before.
  await until(() => socket.io.engine.transport.writable, 'a transport with nothing to send');
  socket.volatile.emit('volatile', 1);
  socket.compress(false).emit('flags');
  log('flags are reset', (socket as unknown as { flags: object }).flags);
  log('send', socket.send('text', 2) === socket);
  for (const reserved of ['connect', 'disconnect', 'newListener']) {
    try {
      socket.emit(reserved);
    } catch (error) {
      log('reserved', error);
    }
  }
  try {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    socket.emit('cycle', cycle);
  } catch (error) {
    log('cycle', (error as Error).name);
  }
  const done = new Promise<void>((resolve) => socket.on('last', () => resolve()));
  socket.emit('call me');
  await done;
  log('order', ...order, socket.listeners('many').length, socket.listeners('plain').length);
  const gone = new Promise<unknown>((resolve) => socket.on('disconnect', resolve));
  socket.emit('silent', () => log('must not be called'));
  socket.disconnect();
  log('disconnect', await gone, socket.connected, socket.id);
};

const transcript = async (
  rig: Rig,
  transports: string[],
  auth: unknown,
  instrument: (socket: Socket) => void,
): Promise<{ client: unknown[]; server: unknown[] }> => {
  const client: unknown[] = [];
  const server: unknown[] = [];
  const write =
    (to: unknown[]): Log =>
    (...what) =>
      to.push(show(what));
  let over = false;
  rig.server.removeAllListeners('connection');
  rig.server.on('connection', (peer) => {
    peer.on('disconnect', () => (over = true));
    serve(peer, write(server));
  });
  const socket = rig.connect({ transports, auth: auth as never });
  instrument(socket);
  await play(socket, write(client));
  await until(() => over, 'the disconnect');
  return { client, server };
};

const withoutTrace = (server: unknown[]): unknown[] =>
  server.map((line) => {
    const [who, auth] = line as [string, Record<string, unknown>];
    if (who !== 'server auth') return line;
    const { _trace: trace, ...rest } = auth;
    expect(trace, 'the handshake carries a context').toMatchObject({ b3: expect.stringMatching(/^[\da-f]{32}-[\da-f]{16}-1$/), accept: ['trailing'] });
    return [who, rest];
  });

const auths: [string, unknown][] = [
  ['no auth', undefined],
  ['auth object', { token: 'secret' }],
  ['auth function', (give: (auth: object) => void) => setTimeout(() => give({ token: 'later' }), 1)],
];

describe.each([['websocket'], ['polling']])('over %s', (transport) => {
  describe.each(auths)('with %s', (_name, auth) => {
    const compare = async (options: SocketOptions | undefined, adapt: (server: unknown[]) => unknown[]): Promise<void> => {
      const [telemetry] = await startBoth();
      const rig = await startServer();
      const bare = await transcript(rig, [transport], auth, () => {});
      const ours = await transcript(rig, [transport], auth, (socket) => {
        telemetry.instrumentSocket(socket, options);
      });
      expect(ours.client).toEqual(bare.client);
      expect(adapt(ours.server)).toEqual(bare.server);
      expect(bare.client.length).toBeGreaterThan(30);
    };

    it('auto differs only in the handshake', () => compare(undefined, withoutTrace));
    it('auto without handshake differs in nothing', () => compare({ handshake: false }, (server) => server));
    it('off differs in nothing', () => compare({ context: 'off' }, (server) => server));
    it('undone differs in nothing', async () => {
      const [telemetry] = await startBoth();
      const rig = await startServer();
      const bare = await transcript(rig, [transport], auth, () => {});
      const keys = (socket: Socket): string[] => Object.getOwnPropertyNames(socket).sort();
      const ours = await transcript(rig, [transport], auth, (socket) => {
        const before = keys(socket);
        telemetry.instrumentSocket(socket)();
        expect(keys(socket)).toEqual(before);
      });
      expect(ours).toEqual(bare);
    });
  });
});

describe('errors of the application stay its own', () => {
  const uncaught = async (listener: (socket: Socket) => void, telemetry: Telemetry | undefined): Promise<unknown> => {
    const rig = await startServer();
    rig.server.on('connection', (peer) => peer.emit('go'));
    const socket = rig.connect();
    if (telemetry) telemetry.instrumentSocket(socket);
    listener(socket);
    const previous = { uncaught: process.listeners('uncaughtException'), unhandled: process.listeners('unhandledRejection') };
    process.removeAllListeners('uncaughtException').removeAllListeners('unhandledRejection');
    try {
      return await new Promise<unknown>((resolve) => {
        process.once('uncaughtException', (error) => resolve(['exception', error.message]));
        process.once('unhandledRejection', (error) => resolve(['rejection', (error as Error).message]));
      });
    } finally {
      process.removeAllListeners('uncaughtException').removeAllListeners('unhandledRejection');
      for (const handler of previous.uncaught) process.on('uncaughtException', handler);
      for (const handler of previous.unhandled) process.on('unhandledRejection', handler);
    }
  };

  it.each([
    ['thrown', (socket: Socket) => void socket.on('go', () => { throw new Error('mine'); }), ['exception', 'mine']],
    ['rejected', (socket: Socket) => void socket.on('go', async () => { throw new Error('mine too'); }), ['rejection', 'mine too']],
  ])('%s', async (_name, listener, expected) => {
    const [telemetry, collector] = await startBoth();
    expect(await uncaught(listener, undefined)).toEqual(expected);
    expect(await uncaught(listener, telemetry)).toEqual(expected);
    await telemetry.flush();
    const span = collector.spans().find(({ name }) => name === 'process go');
    expect(span).toMatchObject({ status: 2, message: expected[1], attributes: { 'error.type': 'Error' } });
  });
});
