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

export interface State {
  readonly core: Core;
  readonly socket: SocketInternals;
  readonly settings: Settings;
  /** Attributes of every span about this socket. */
  readonly system: Attributes;
  /** The connection's span, which is the parent of events that bring no context of their own. */
  connectionSpan: SpanContext | undefined;
  /** Whether the server has said that it reads trailing carriers. */
  serverIsReady(): boolean;
  /** What the server has said; forgotten with each connection, as the next one may reach another server. */
  setReady(ready: boolean): void;
  transportName(): string | undefined;
  /** Whether a trace may begin at `event`; if not, that is counted. */
  mayBegin(event: string): boolean;
  /** Attributes of a span about an event. */
  describe(event: string, type: Operation): Attributes;
  /** Ends a span about an event and measures its duration, be it recorded or not. */
  finishSpan(span: SpanImpl, operation: 'send' | 'process', event: string, begun: number, error?: string): number;
  /** Tells the listeners, whose failures must not disturb the socket. */
  activity(type: SocketActivity['type'], span: SpanContext, event: string, detail?: string, durationMs?: number, expectsReply?: boolean): void;
}

type Operation = 'send' | 'process' | 'receive';

export const createState = (
  core: Core,
  socket: SocketInternals,
  settings: Settings,
  listeners: ReadonlySet<(activity: SocketActivity) => void>,
): State => {
  const limit = new Limit(settings.maxTracesPerSecond);
  const system = { 'messaging.system': 'socketio', 'socketio.namespace': socket.nsp };
  const url = (): string => [socket.io.uri, socket.io.opts?.path, socket.nsp].join(' ');
  let serverIsReady = ready.has(url());
  return {
    core,
    socket,
    settings,
    system,
    connectionSpan: undefined,
    serverIsReady: () => serverIsReady,
    setReady(on) {
      serverIsReady = on;
      ready[on ? 'add' : 'delete'](url());
    },
    transportName: () => socket.io.engine?.transport?.name,
    mayBegin(event) {
      const may = limit.allows(event);
      if (!may) core.rateLimited('traces');
      return may;
    },
    describe: (event, type) => ({
      ...system,
      'messaging.operation.type': type,
      'messaging.operation.name': type,
      'messaging.destination.name': event,
    }),
    finishSpan(span, operation, event, begun, error) {
      const duration = tick() - begun;
      if (settings.metrics) {
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
        else core.output.record(measurement);
      }
      span.end();
      return duration;
    },
    activity(type, { spanId: id, sampled, traceId }, event, detail, durationMs, expectsReply = false) {
      for (const listener of listeners) {
        safely(() =>
          listener({
            type,
            id,
            traceId: sampled ? traceId : undefined,
            event,
            namespace: socket.nsp,
            at: now(),
            durationMs,
            detail,
            expectsReply,
          }),
        );
      }
    },
  };
};

/** Runs our own part of a hook. Should it ever throw, the host's call goes on as if we were not there. */
export const safely = <T>(act: () => T): T | undefined => guard('the instrumentation "socket.io"', act)();
