/** Connection state recovery of a Node server, which puts an offset behind all other arguments. */
import type { Socket } from 'socket.io-client';
import { describe, expect, it } from 'vitest';

import { type Way, client, connect, next } from '../support/client.js';
import { nextPeer, startNode } from '../support/node.js';
import { startRust } from '../support/rust.js';
import { type SocketOptions, type Telemetry, startTelemetry } from '../support/telemetry.js';
import { eventually } from '../support/traces.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN_ID = '00f067aa0ba902b7';
const CARRIER = { _trace: { b3: `${TRACE_ID}-${SPAN_ID}-1` } };

/** Offsets are random; what matters is that there is one. */
const withoutOffset = (args: unknown[]): unknown[] => {
  expect(args.at(-1)).toEqual(expect.stringMatching(/^[-.\w]{5,20}$/));
  return args.slice(0, -1);
};

/** Loses the connection after one event, misses another, and comes back for it. */
const interrupted = async (way: Way, instrument: (socket: Socket) => void, carrier: object[] = []) => {
  const { io, url } = await startNode({ connectionStateRecovery: {} });
  const socket = client(url, way, { reconnection: false, auth: { token: 'good' } });
  instrument(socket);
  const arrival = nextPeer(io);
  await connect(socket, way);
  const peer = await arrival;
  const first = next(socket, 'news');
  if (carrier.length) peer.emit('_trace:ready', { carrier: 'trailing' });
  peer.emit('news', 'first', ...carrier);
  const heard = [withoutOffset(await first)];

  const lost = new Promise((resolve) => peer.once('disconnect', resolve));
  socket.io.engine.close();
  await lost;
  io.emit('news', 'missed', { n: 2 }, ...carrier);
  const second = next(socket, 'news');
  const returned = nextPeer(io);
  await connect(socket, way);
  heard.push(withoutOffset(await second));
  const { id, recovered, handshake } = await returned;
  return { heard, recovered: [recovered, socket.recovered, id === socket.id], auth: handshake.auth };
};

describe.each<Way>(['websocket', 'polling', 'upgrade'])('over %s', (way) => {
  const instrumented = async (options: SocketOptions): Promise<[(socket: Socket) => void, Telemetry, Awaited<ReturnType<typeof startRust>>]> => {
    const collector = await startRust();
    const telemetry = await startTelemetry(collector.url);
    return [(socket) => void telemetry.instrumentSocket(socket, options), telemetry, collector];
  };

  it.each<[string, SocketOptions]>([
    ['auto', {}],
    ['auto without handshake', { handshake: false }],
    ['off', { context: 'off' }],
  ])('%s recovers as a native client does', async (_name, options) => {
    const [instrument] = await instrumented(options);
    const native = await interrupted(way, () => {});
    const ours = await interrupted(way, instrument);
    expect(native.recovered).toEqual([true, true, true]);
    expect(native.heard).toEqual([['first'], ['missed', { n: 2 }]]);
    expect(ours.recovered).toEqual(native.recovered);
    expect(ours.heard).toEqual(native.heard);
  });

  it('a carrier stands before the offset and is taken away alone', async () => {
    const [instrument, telemetry, collector] = await instrumented({});
    const ours = await interrupted(way, instrument, [CARRIER]);
    expect(ours.recovered).toEqual([true, true, true]);
    expect(ours.heard).toEqual([['first'], ['missed', { n: 2 }]]);
    await eventually(collector, telemetry, (all) => {
      const processed = all.filter(({ name }) => name === 'process news');
      expect(processed.map(({ traceId, parentId }) => [traceId, parentId])).toEqual(Array(2).fill([TRACE_ID, SPAN_ID]));
    });
  });
});
