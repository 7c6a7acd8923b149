/** What the parts of one socket's instrumentation share. */
import type { Attributes, SocketActivity, SpanContext } from '../../types.js';
import { now, tick } from '../../core/clock.js';
import type { Core } from '../../core/core.js';
import { MEASUREMENT } from '../../core/records.js';
import type { SpanImpl } from '../../core/span.js';
import { guard } from '../../core/warn.js';
import type { SocketInternals } from './internals.js';
import { Limit } from '../../core/limit.js';
import type { Settings } from './options.js';

/** Namespaces, by URL, whose server has said that it reads trailing carriers. */
const ready = /*@__PURE__*/ new Set<string>();

export class State {
  /** The connection's span, which is the parent of events that bring no context of their own. */
  connection: SpanContext | undefined;
  /** Whether the server has said that it reads trailing carriers. */
  serverIsReady: boolean;
  readonly limit: Limit;
  readonly system: Attributes;

  constructor(
    readonly core: Core,
    readonly socket: SocketInternals,
    readonly settings: Settings,
    private readonly listeners: ReadonlySet<(activity: SocketActivity) => void>,
  ) {
    this.serverIsReady = ready.has(this.url);
    this.limit = new Limit(settings.maxTracesPerSecond);
    this.system = { 'messaging.system': 'socketio', 'socketio.namespace': socket.nsp };
  }

  get url(): string {
    const { io, nsp } = this.socket;
    return [io.uri, io.opts?.path, nsp].join(' ');
  }

  markReady(): void {
    this.serverIsReady = true;
    ready.add(this.url);
  }

  /** The next connection may reach another server, which has to say it again. */
  forgetReady(): void {
    this.serverIsReady = false;
    ready.delete(this.url);
  }

  get transport(): string | undefined {
    return this.socket.io.engine?.transport?.name;
  }

  /** Whether a trace may begin at `event`; if not, that is counted. */
  mayBegin(event: string): boolean {
    if (this.limit.allows(event)) return true;
    this.core.rateLimited('traces');
    return false;
  }

  /** Attributes of a span about an event. */
  describe(event: string, type: 'send' | 'process' | 'receive'): Attributes {
    return {
      ...this.system,
      'messaging.operation.type': type,
      'messaging.operation.name': type,
      'messaging.destination.name': event,
    };
  }

  /** Ends a span about an event and measures its duration, be it recorded or not. */
  finish(span: SpanImpl, operation: 'send' | 'process', event: string, begun: number, error?: string): number {
    const duration = tick() - begun;
    if (this.settings.metrics) {
      const measurement = {
        record: MEASUREMENT,
        histogram: true,
        name: operation === 'send' ? 'messaging.client.operation.duration' : 'messaging.process.duration',
        unit: 's',
        value: duration / 1000,
        attributes: {
          'messaging.system': 'socketio',
          'messaging.destination.name': event,
          'messaging.operation.name': operation,
          'error.type': error,
        },
      } as const;
      if (span.sampled) span.measurement = measurement;
      else this.core.output.record(measurement);
    }
    span.end();
    return duration;
  }

  /** Tells the listeners, whose failures must not disturb the socket. */
  activity(type: SocketActivity['type'], span: SpanContext, event: string, expectsReply: boolean, durationMs?: number, detail?: string): void {
    for (const listener of this.listeners) {
      safely(() =>
        listener({
          type,
          id: span.spanId,
          traceId: span.sampled ? span.traceId : undefined,
          event,
          namespace: this.socket.nsp,
          at: now(),
          durationMs,
          detail,
          expectsReply,
        }),
      );
    }
  }
}

/** Runs our own part of a hook. Should it ever throw, the host's call goes on as if we were not there. */
export const safely = <T>(act: () => T): T | undefined => guard('instrumentation of a socket', act)();
