/**
 * An instrumented client and a Node server nobody has instrumented: on the wire nothing is different but
 * `_trace` in the handshake, and with `handshake: false` nothing at all.
 */
import type { Server, Socket as Peer } from 'socket.io';
import type { Socket } from 'socket.io-client';
import { describe, expect, it, vi } from 'vitest';

import { WAYS, type Way, acknowledged, client, connect, msgpackParser as msgpack, next, upgraded } from '../support/client.js';
import { nextPeer, startNode } from '../support/node.js';
import { startRust } from '../support/rust.js';
import { type SocketOptions, startTelemetry } from '../support/telemetry.js';
import { type Line, clientTranscript, serverTranscript } from '../support/transcript.js';

type Setup = { way: Way; namespace: string; parser?: typeof msgpack };

interface Record {
  wire: Line[];
  /** What the server's application saw. */
  server: unknown[];
  /** What the client's application saw. */
  client: unknown[];
}

const bytes = (value: unknown): unknown => {
  if (Buffer.isBuffer(value) || value instanceof ArrayBuffer || value instanceof Uint8Array) return `bytes ${Buffer.from(value as Uint8Array).toString('hex')}`;
  if (Array.isArray(value)) return value.map(bytes);
  if (typeof value === 'function') return 'callback';
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, bytes(inner)]));
  return value;
};

/** The application of the server: writes down what it sees. */
const serve = (io: Server, namespace: string, lines: unknown[]): void => {
  io.of(namespace).use((socket, proceed) => {
    const { token, _trace: trace } = socket.handshake.auth;
    lines.push(['middleware', token, Object.keys(socket.handshake.auth).filter((key) => key !== '_trace')]);
    if (trace) expect(trace).toEqual({ b3: expect.stringMatching(/^[\da-f]{32}-[\da-f]{16}-1$/), accept: ['trailing'] });
    proceed(token === 'good' ? undefined : new Error('no entry'));
  });
  io.of(namespace).on('connection', (peer: Peer) => {
    peer.use((packet, proceed) => {
      lines.push(['packet', ...packet.map(bytes)]);
      proceed();
    });
    peer.on('ask', (...args: unknown[]) => (args.pop() as (...answer: unknown[]) => void)(args.length, Buffer.from([7]), 'ok'));
    peer.on('order', () => {
      peer.emit('many', 1, 'two', { three: Buffer.from([3]) }, null);
      peer.timeout(5000).emit('question', 'why', (error: unknown, answer: unknown) => {
        lines.push(['answer', bytes(error), bytes(answer)]);
        io.of(namespace).emit('done');
      });
    });
  });
};

/** The application of the client. */
const play = async (socket: Socket, way: Way, lines: unknown[]): Promise<void> => {
  socket.onAny((event: string, ...args: unknown[]) => lines.push([event, ...args.map(bytes)]));
  socket.on('question', (text: string, answer: (text: unknown) => void) => answer({ text, because: Buffer.from([1]) }));
  await connect(socket, 'polling');
  lines.push(await acknowledged(socket, 'ask', 'early').then(bytes));
  if (way === 'upgrade') await upgraded(socket);
  lines.push(await acknowledged(socket, 'ask', 1, { two: Buffer.from([2]) }, [], null).then(bytes));
  lines.push(bytes(await socket.timeout(5000).emitWithAck('ask')));
  lines.push(bytes(await socket.timeout(20).emitWithAck('silence').catch((error: unknown) => error)));
  const { transport } = socket.io.engine;
  await vi.waitFor(() => expect(transport.writable).toBe(true), { interval: 2 });
  socket.volatile.emit('volatile', 1);
  expect(transport.writable).toBe(false);
  socket.volatile.emit('volatile', 'while the transport is busy');
  socket.compress(false).emit('plain', 'text');
  socket.emit('plain');
  const done = next(socket, 'done');
  socket.emit('order');
  await done;
};

/** One connection from beginning to end, written down at both sides. */
const record = async ({ way, namespace, parser }: Setup, instrument: (socket: Socket) => void): Promise<Record> => {
  const { io, url } = await startNode({ ...(parser && { parser }) });
  const result: Record = { wire: [], server: [], client: [] };
  const fromServer = serverTranscript(io);
  serve(io, namespace, result.server);
  const socket = client(url, way, { auth: { token: 'good' }, ...(parser && { parser }) }, namespace);
  const fromClient = clientTranscript(socket);
  instrument(socket);
  await play(socket, way, result.client);
  const gone = new Promise((resolve) => [...io.of(namespace).sockets.values()][0]!.once('disconnect', resolve));
  socket.disconnect();
  await gone;
  result.wire = [...fromClient, ...fromServer];
  return result;
};

/** The same without `_trace` in CONNECT packets of either parser. */
const withoutTrace = (wire: Line[]): Line[] =>
  wire.map(([direction, content]) => {
    const text = /^(0(?:\/\w+,)?)(\{.*"_trace".*\})$/.exec(content);
    if (text) {
      const { _trace: trace, ...rest } = JSON.parse(text[2]!) as { _trace: unknown };
      expect(trace).toMatchObject({ accept: ['trailing'] });
      return [direction, text[1]! + JSON.stringify(rest)];
    }
    if (content.startsWith('bytes ') && content.includes(Buffer.from('_trace').toString('hex'))) {
      const decoder = new msgpack.Decoder();
      let data: { _trace?: unknown } = {};
      decoder.on('decoded', (packet) => ({ data } = packet));
      decoder.add(Buffer.from(content.slice(6), 'hex'));
      const { _trace: trace, ...rest } = data;
      expect(trace).toMatchObject({ accept: ['trailing'] });
      return [direction, JSON.stringify(rest)];
    }
    return [direction, content];
  });

/** The same with the data of MessagePack's CONNECT packets written as {@link withoutTrace} writes them. */
const decoded = (wire: Line[]): Line[] =>
  wire.map(([direction, content]) => {
    const connects = content.startsWith('bytes ') && content.includes(Buffer.from('token').toString('hex'));
    return [direction, connects ? JSON.stringify({ token: 'good' }) : content];
  });

describe.each(WAYS)('over %s', (way) => {
  const modes: [string, SocketOptions][] = [
    ['handshake: false', { handshake: false }],
    ['context: off', { context: 'off' }],
    ['auto', {}],
  ];
  const setups: [string, Setup][] = [
    ['/', { way, namespace: '/' }],
    ['/chat', { way, namespace: '/chat' }],
    ['msgpack', { way, namespace: '/', parser: msgpack }],
  ];

  it.each(setups)('%s', async (_name, setup) => {
    const collector = await startRust();
    const telemetry = await startTelemetry(collector.url);
    const native = await record(setup, () => {});
    expect(native.wire.length).toBeGreaterThan(30);
    for (const [mode, options] of modes) {
      const ours = await record(setup, (socket) => {
        telemetry.instrumentSocket(socket, options);
      });
      if (mode === 'auto') {
        expect(JSON.stringify(ours.wire), 'auto tells the server of itself').not.toEqual(JSON.stringify(native.wire));
        expect({ ...ours, wire: withoutTrace(ours.wire) }, mode).toEqual({ ...native, wire: decoded(native.wire) });
      } else {
        expect(ours, mode).toEqual(native);
      }
    }
  });
});

it('a middleware refuses as it would natively', async () => {
  const collector = await startRust();
  const telemetry = await startTelemetry(collector.url);
  const { io, url } = await startNode();
  const lines: unknown[] = [];
  serve(io, '/', lines);
  const socket = client(url, 'websocket', { auth: { token: 'bad' } });
  telemetry.instrumentSocket(socket);
  await expect(connect(socket, 'websocket')).rejects.toThrow('no entry');
  socket.auth = { token: 'good' };
  await connect(socket, 'websocket');
  expect(lines).toEqual([
    ['middleware', 'bad', ['token']],
    ['middleware', 'good', ['token']],
  ]);
});

it('carriers a server should not send never reach a listener', async () => {
  const collector = await startRust();
  const telemetry = await startTelemetry(collector.url);
  const { io, url } = await startNode();
  const socket = client(url, 'websocket');
  telemetry.instrumentSocket(socket);
  const peer = nextPeer(io);
  await connect(socket, 'websocket');
  const heard: unknown[][] = [];
  socket.on('news', (...args: unknown[]) => heard.push(args));
  const over = next(socket, 'over');
  const server = await peer;
  for (const hostile of [null, 7, 'text', [], {}, { b3: 7 }, { b3: 'x'.repeat(5000) }, { b3: '' }, { re: 'x' }, { _trace: {} }]) {
    server.emit('news', 1, { _trace: hostile });
  }
  server.emit('news', 1, { _trace: {} }, { _trace: {} });
  server.emit('over');
  await over;
  expect(heard).toEqual(Array(11).fill([1]));
  expect(socket.connected).toBe(true);
});
