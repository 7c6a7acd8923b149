/* eslint-disable @typescript-eslint/no-explicit-any -- other people's functions: only `any` accepts every signature */
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
type Listener = (...args: any[]) => void;

export class Connection {
  /** The span until the connection is there. */
  private span: SpanImpl | undefined;
  /** Ends the watch for an upgrade, and a span that is only kept open for that. */
  private settle: (() => void) | undefined;
  /** When the connection was there, if its span is still waiting for the upgrade. */
  private connectedAt: number | undefined;
  private lost = false;
  private readonly listeners: [event: string, listener: Listener][];

  constructor(private readonly state: State) {
    const { socket } = state;
    const { io } = socket;
    this.listeners = [
      ['reconnect_attempt', (attempt: number) => safely(() => this.event('reconnect_attempt', { 'socketio.reconnect.attempt': attempt }))],
      ['reconnect_failed', () => safely(() => this.fail('reconnect_failed'))],
    ];
    for (const [event, listener] of this.listeners) io.on(event, listener);
    if (socket.active && !socket.connected) this.begin();
  }

  private begin(): SpanImpl {
    const { state } = this;
    const { core } = state;
    const before = state.connection;
    this.span = core.start(`connect ${state.socket.nsp}`, {
      kind: 'client',
      attributes: { ...state.system, 'messaging.operation.name': 'connect' },
      links: before ? [before] : [],
    });
    return this.span;
  }

  /** The CONNECT packet with our carrier in its `auth`; anything the application has put there stays. */
  handshake(packet: Packet): Packet {
    const span = this.span ?? this.begin();
    this.state.connection = span;
    this.watchUpgrade(span);
    const { data } = packet;
    if (!this.state.settings.handshake || (data !== undefined && data !== null && !isPlainObject(data))) return packet;
    return { ...packet, data: { ...data, _trace: { b3: writeB3(span), accept: ['trailing'] } } };
  }

  /** The library's reserved events, before its listeners hear of them. */
  reserved(event: string, detail: unknown): void {
    if (event === 'connect') this.connected();
    else if (event === 'connect_error') this.refused(detail);
    else if (event === 'disconnect') this.disconnected(String(detail));
  }

  /** Takes our listeners off the manager and ends what is open. */
  close(): void {
    for (const [event, listener] of this.listeners) this.state.socket.io.off(event, listener);
    this.settle?.();
    this.fail('closed');
  }

  private connected(): void {
    const { state, span } = this;
    const { core } = state;
    if (this.lost && state.settings.metrics) core.measure(false, 'socketio.reconnects', '{reconnect}', 1, state.system);
    this.lost = false;
    if (!span) return;
    this.span = undefined;
    const at = now();
    span.set({ 'socketio.transport': state.transport });
    state.activity('connection', span, 'connect', false, at - span.start, 'connected');
    // Whether a transport other than polling was chosen or reached already: nothing is left to wait for.
    if (state.transport === 'polling' && this.settle) this.connectedAt = at;
    else span.end(at);
  }

  private watchUpgrade(span: SpanImpl): void {
    this.settle?.();
    this.connectedAt = undefined;
    const { engine } = this.state.socket.io;
    if (!engine || this.state.transport !== 'polling') return;
    const upgraded = (transport?: { name?: string }): void => {
      span.event('upgrade', { 'socketio.transport': transport?.name });
      settle();
    };
    const settle = (): void => {
      clearTimeout(timer);
      engine.off('upgrade', upgraded);
      this.settle = undefined;
      if (this.connectedAt !== undefined) span.end(this.connectedAt);
    };
    const timer = later(UPGRADE_MS, settle);
    this.settle = settle;
    engine.on('upgrade', upgraded);
  }

  private refused(error: unknown): void {
    const type = (error as { type?: unknown } | undefined)?.type;
    const reason = typeof type === 'string' ? type : 'connect_error';
    this.event('connect_error', { 'error.type': reason });
    // A refusal by the server ends it; a broken transport is tried again.
    if (!this.state.socket.active) this.fail(reason);
  }

  private disconnected(reason: string): void {
    const { state } = this;
    const { core, socket, connection } = state;
    this.settle?.();
    state.forgetReady();
    if (connection) state.activity('connection', connection, 'disconnect', false, undefined, `disconnected: ${reason}`);
    if (socket.active && socket.io.reconnection?.() !== false) {
      this.lost = true;
      this.begin().event('disconnect', { 'socketio.disconnect.reason': reason });
      return;
    }
    core.log('info', `disconnected: ${reason}`, {
      eventName: 'socketio.disconnect',
      attributes: { ...state.system, 'socketio.disconnect.reason': reason },
      context: connection ?? null,
    });
  }

  private event(name: string, attributes: Record<string, string | number>): void {
    const { span } = this;
    if (!span) return;
    span.event(name, attributes);
    this.state.activity('connection', span, name, false, undefined, Object.values(attributes).join(' '));
  }

  private fail(reason: string): void {
    this.span?.fail(reason).end();
    this.span = undefined;
  }
}
