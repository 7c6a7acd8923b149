/** A client nobody has instrumented: our server's packets are those of socketioxide alone, one by one. */
import type { Socket } from 'socket.io-client';
import { describe, expect, it } from 'vitest';

import { WIRES, type Way, type Wire, acknowledged, client, connect, msgpackParser, next, seen, upgraded } from '../support/client.js';
import { type RustOptions, startRust } from '../support/rust.js';
import { type Line, clientTranscript } from '../support/transcript.js';

/** Everything the server can do, one thing after the other. */
const play = async (socket: Socket, way: Way): Promise<void> => {
  socket.on('question', (...args: unknown[]) => (args.pop() as (...answer: unknown[]) => void)('yes', args.length));
  await connect(socket, 'polling');
  // With an upgrade this may still be under way.
  await acknowledged(socket, 'echo', 'early');
  if (way === 'upgrade') await upgraded(socket);
  await acknowledged(socket, 'auth');
  await acknowledged(socket, 'echo', 1, 'two', { three: [3] }, null);
  await acknowledged(socket, 'echo');
  await seen(socket, { file: Buffer.from([1]) }, Buffer.from([2, 3]));
  await acknowledged(socket, 'binary', Buffer.from([4, 5]));
  await acknowledged(socket, 'ask', 'a', { b: 1 });
  for (const [request, reply] of [
    ['echo:reply', 'echo:replied'],
    ['later', 'later:done'],
    ['broadcast', 'news'],
  ] as const) {
    const replied = next(socket, reply);
    socket.emit(request, request, { n: 1 }, [2]);
    await replied;
  }
  const bytes = next(socket, 'binary:replied');
  socket.emit('binary:reply', Buffer.from([6]));
  await bytes;
  for (const event of ['fire', 'fail', 'panic', 'number', 'nobody listens']) socket.emit(event, 'text');
  await acknowledged(socket, 'echo', 'still here');
  const gone = next(socket, 'disconnect');
  socket.emit('close');
  expect((await gone)[0]).toBe('io server disconnect');
};

const parser = ({ msgpack }: Wire) => (msgpack ? { parser: msgpackParser } : {});

const record = async (wire: Wire, namespace: string, options: RustOptions): Promise<Line[]> => {
  const { way, msgpack } = wire;
  const server = await startRust({ ...options, msgpack });
  const socket = client(server.url, way, { auth: { word: 'open' }, ...parser(wire) }, namespace);
  const lines = clientTranscript(socket);
  await play(socket, way);
  return lines;
};

describe.each(WIRES)('over %s', (_name, wire) => {
  it.each(['/', '/chat', '/guarded'])('namespace %s', async (namespace) => {
    const [ours, native] = await Promise.all([record(wire, namespace, {}), record(wire, namespace, { bare: true })]);
    expect(ours).toEqual(native);
    expect(native.length).toBeGreaterThan(30);
    for (const trace of ['_trace', Buffer.from('_trace').toString('hex')]) expect(JSON.stringify(ours)).not.toContain(trace);
  });

  it('is refused with the same words', async () => {
    const refused = async (options: RustOptions): Promise<Line[]> => {
      const { way, msgpack } = wire;
      const server = await startRust({ ...options, msgpack });
      const socket = client(server.url, way, { auth: { word: 'closed' }, ...parser(wire) }, '/guarded');
      const lines = clientTranscript(socket);
      await expect(connect(socket, 'polling')).rejects.toThrow('the word is missing');
      return lines;
    };
    expect(await refused({})).toEqual(await refused({ bare: true }));
  });
});
