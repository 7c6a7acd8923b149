/** An instrumented client talking to a server that speaks trailing carriers. */
import type { Socket as ServerSocket } from 'socket.io';
import { expect } from 'vitest';
import type { SocketActivity } from '@aetherterm/telemetry';
import { startBoth } from './collector.js';
import type { DecodedSpan } from './otlp.js';
import { connected, startServer } from './sockets.js';

export const PRODUCER = 4;
export const CONSUMER = 5;
export const CLIENT = 3;
export const B3 = /^([\da-f]{32})-([\da-f]{16})-([01])$/;

export interface Seen {
  event: string;
  args: unknown[];
  b3: string | undefined;
}

/** Makes `peer` behave as an instrumented server does: carriers come off before anybody looks, `ready` is said. */
export const speak = (peer: ServerSocket, seen: Seen[], ready = true): void => {
  if (ready) peer.emit('_trace:ready', { carrier: 'trailing' });
  peer.use((event, next) => {
    const ack = typeof event[event.length - 1] === 'function' ? event.pop() : undefined;
    const last = event[event.length - 1] as { _trace?: { b3: string } } | undefined;
    const b3 = last?._trace && Object.keys(last).length === 1 ? last._trace.b3 : undefined;
    if (b3) event.pop();
    seen.push({ event: event[0], args: event.slice(1), b3 });
    if (ack) event.push(ack);
    next();
  });
};

export const answer = (b3: string, re?: string): object => ({ _trace: { b3, ...(re && { re }) } });
export const span = (spans: DecodedSpan[], name: string): DecodedSpan => {
  const found = spans.filter((one) => one.name === name);
  expect(found, `exactly one span ${name} among ${spans.map((s) => s.name).join(', ')}`).toHaveLength(1);
  return found[0]!;
};

export const talk = async (onPeer: (peer: ServerSocket, seen: Seen[]) => void, settings: Parameters<Awaited<ReturnType<typeof startBoth>>[0]['instrumentSocket']>[1] = { context: 'traced' }) => {
  const [telemetry, collector] = await startBoth();
  const rig = await startServer();
  const seen: Seen[] = [];
  rig.server.on('connection', (peer) => {
    speak(peer, seen);
    onPeer(peer, seen);
  });
  const socket = rig.connect();
  const activity: SocketActivity[] = [];
  telemetry.onSocketActivity((one) => activity.push(one));
  const undo = telemetry.instrumentSocket(socket, settings);
  await connected(socket);
  const spans = async (): Promise<DecodedSpan[]> => {
    await telemetry.flush();
    return collector.spans();
  };
  return { telemetry, collector, rig, seen, socket, activity, undo, spans };
};
