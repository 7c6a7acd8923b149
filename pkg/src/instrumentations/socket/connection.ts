/**
 * The connection's own span: from the handshake, or from the loss of the connection before, until connected.
 *
 * It is exported a little later than it ends, because the upgrade from polling to WebSocket is an event on
 * it and happens only afterwards.
 */
import { now } from '../../core/clock.js';
import { later } from '../../core/later.js';
import type { SpanImpl } from '../../core/span.js';
import { writeB3 } from '../../core/b3.js';
import { isPlainObject } from './carrier.js';
import type { Packet } from './internals.js';
import { type State, safely } from './state.js';

/** An upgrade that takes longer is no longer waited for. */
const UPGRADE_MS = 5000;

export interface Connection {
  /** The CONNECT packet with our carrier in its `auth`; anything the application has put there stays. */
  handshake(packet: Packet): Packet;
  /** The library's reserved events, before its listeners hear of them. */
  reserved(event: string, detail: unknown): void;
  /** Takes our listeners off the manager and ends what is open. */
  close(): void;
}

export const createConnection = (state: State): Connection => {
  const { core, socket, settings, system } = state;
  const { io } = socket;
  /** The span until the connection is there. */
  let span: SpanImpl | undefined;
  /** Ends the watch for an upgrade, and a span that is only kept open for that. */
  let settle: (() => void) | undefined;
  /** When the connection was there, if its span is still waiting for the upgrade. */
  let connectedAt: number | undefined;
  let lost = false;

  const begin = (): SpanImpl => {
    const before = state.connectionSpan;
    return (span = core.start(`connect ${socket.nsp}`, {
      kind: 'client',
      attributes: { ...system, 'messaging.operation.name': 'connect' },
      links: before ? [before] : [],
    }));
  };

  const happened = (name: string, attributes: Record<string, string | number>): void => {
    if (!span) return;
    span.event(name, attributes);
    state.activity('connection', span, name, Object.values(attributes).join(' '));
  };

  const fail = (reason: string): void => {
    span?.fail(reason).end();
    span = undefined;
  };

  const watchUpgrade = (watched: SpanImpl): void => {
    settle?.();
    connectedAt = undefined;
    const { engine } = io;
    if (!engine || state.transportName() !== 'polling') return;
    const upgraded = (transport?: { name?: string }): void => {
      watched.event('upgrade', { 'socketio.transport': transport?.name });
      done();
    };
    const done = (): void => {
      clearTimeout(timer);
      engine.off('upgrade', upgraded);
      settle = undefined;
      if (connectedAt !== undefined) watched.end(connectedAt);
    };
    const timer = later(UPGRADE_MS, done);
    settle = done;
    engine.on('upgrade', upgraded);
  };

  const connected = (): void => {
    if (lost && settings.metrics) core.measure(false, 'socketio.reconnects', '{reconnect}', 1, system);
    lost = false;
    if (!span) return;
    const at = now();
    span.set({ 'socketio.transport': state.transportName() });
    state.activity('connection', span, 'connect', 'connected', at - span.start);
    // Whether a transport other than polling was chosen or reached already: nothing is left to wait for.
    if (state.transportName() === 'polling' && settle) connectedAt = at;
    else span.end(at);
    span = undefined;
  };

  const refused = (error: unknown): void => {
    const type = (error as { type?: unknown } | undefined)?.type;
    const reason = typeof type === 'string' ? type : 'connect_error';
    happened('connect_error', { 'error.type': reason });
    // A refusal by the server ends it; a broken transport is tried again.
    if (!socket.active) fail(reason);
  };

  const disconnected = (reason: string): void => {
    const { connectionSpan } = state;
    const why = { 'socketio.disconnect.reason': reason };
    const message = `disconnected: ${reason}`;
    settle?.();
    state.setReady(false);
    if (connectionSpan) state.activity('connection', connectionSpan, 'disconnect', message);
    if (socket.active && io.reconnection?.() !== false) {
      lost = true;
      begin().event('disconnect', why);
    } else {
      core.log('info', message, { eventName: 'socketio.disconnect', attributes: { ...system, ...why }, context: connectionSpan ?? null });
    }
  };

  const listeners: Record<string, (attempt: number) => void> = {
    reconnect_attempt: (attempt) => safely(() => happened('reconnect_attempt', { 'socketio.reconnect.attempt': attempt })),
    reconnect_failed: () => safely(() => fail('reconnect_failed')),
  };
  for (const event in listeners) io.on(event, listeners[event]!);
  if (socket.active && !socket.connected) begin();

  return {
    handshake(packet) {
      const opening = span ?? begin();
      state.connectionSpan = opening;
      watchUpgrade(opening);
      const { data } = packet;
      if (!settings.handshake || !isPlainObject(data ?? {})) return packet;
      return { ...packet, data: { ...data, _trace: { b3: writeB3(opening), accept: ['trailing'] } } };
    },

    reserved(event, detail) {
      if (event === 'connect') connected();
      else if (event === 'connect_error') refused(detail);
      else if (event === 'disconnect') disconnected(String(detail));
    },

    close() {
      for (const event in listeners) io.off(event, listeners[event]!);
      settle?.();
      fail('closed');
    },
  };
};
