/** Putting it together: options in, a {@link Telemetry} out. */
import type {
  LogOptions,
  Severity,
  Span,
  SpanContext,
  SpanOptions,
  Telemetry,
  TelemetryOptions,
} from '../types.js';
import { instrumentSocket } from '../socket/index.js';
import { Client } from './client.js';
import { now } from './clock.js';
import { active, bind, run } from './context.js';
import { Core } from './core.js';
import { disabled } from './disabled.js';
import { instrumentFetch, originalFetch } from './fetch.js';
import { Ids } from './ids.js';
import { endpoints, parseHeaders } from './options.js';
import { LOG } from './records.js';
import { SCOPE, VERSION, resource } from './resource.js';
import { exceptionAttributes } from './thrown.js';
import { warnOnce } from './warn.js';

const SEVERITIES: readonly Severity[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

const clamp = (value: number | undefined, fallback: number, least: number, most: number): number =>
  Math.min(most, Math.max(least, Number.isFinite(value) ? (value as number) : fallback));

/** Whether a URL may get a `b3` header: the page's own origin, and what the option names. */
const propagation =
  (allowed: readonly (string | RegExp)[]) =>
  (url: URL): boolean =>
    url.origin === globalThis.location?.origin ||
    allowed.some((entry) => (typeof entry === 'string' ? url.origin === entry.replace(/\/$/, '') : url.href.search(entry) >= 0));

/**
 * Starts telemetry. Returns at once: the WebAssembly module loads meanwhile, and nothing recorded until
 * then is lost or delayed. If it cannot be loaded that is said once on the console, and everything else
 * works on without telemetry.
 *
 * @example
 * const telemetry = init({ serviceName: 'shop' });
 * telemetry.span('checkout', () => socket.emit('order', basket));
 */
export const init = (options: TelemetryOptions): Telemetry => {
  const urls = options.enabled === false ? undefined : endpoints(options.endpoint);
  const fetch = originalFetch();
  if (!urls || !fetch) return disabled();
  if (!options.serviceName) warnOnce('serviceName is missing: set it, or spans cannot be told apart by service');

  const sampleRatio = clamp(options.sampleRatio, 1, 0, 1);
  const ids = new Ids(sampleRatio);
  const client = new Client(
    {
      wasm: options.wasm,
      urls,
      headers: typeof options.headers === 'string' ? parseHeaders(options.headers) : { ...options.headers },
      fetch,
      sampleRatio,
      maxQueueBytes: clamp(options.maxQueueBytes, 1 << 20, 64 << 10, 64 << 20),
      scheduledDelayMs: clamp(options.scheduledDelayMs, 2000, 0, 600_000),
      metricsIntervalMs: clamp(options.metricsIntervalMs, 30_000, 1000, 3_600_000),
      scopeName: SCOPE,
      scopeVersion: VERSION,
      resource: resource(options),
    },
    ids,
  );
  const core = new Core(client, ids, sampleRatio, propagation(options.propagateTo ?? []), !!options.recordQuery);
  const undo = new Set<() => void>();
  if (options.instrumentFetch !== false) undo.add(instrumentFetch(core));

  const inSpan = <T>(name: string, options: SpanOptions | undefined, fn: (span: Span) => T): T => {
    const span = core.start(name, options);
    const failed = (error: unknown): never => {
      span.error(error).end();
      throw error;
    };
    let result: T;
    try {
      result = run(span, () => fn(span));
    } catch (error) {
      return failed(error);
    }
    if (result instanceof Promise) {
      return result.then((value) => {
        span.end();
        return value;
      }, failed) as T;
    }
    span.end();
    return result;
  };

  const log = (severity: Severity, body: string, options?: LogOptions): void => {
    const context = options?.context === undefined ? active() : (options.context ?? undefined);
    client.record({
      record: LOG,
      time: now(),
      severity: SEVERITIES.indexOf(severity) * 4 + 1,
      severityText: severity.toUpperCase(),
      body,
      eventName: options?.eventName ?? '',
      attributes: core.route ? { 'aether.route': core.route, ...options?.attributes } : options?.attributes,
      context,
    });
  };

  return {
    ready: client.ready,
    span: <T>(name: string, second: SpanOptions | ((span: Span) => T), third?: (span: Span) => T): T =>
      typeof second === 'function' ? inSpan(name, undefined, second) : inSpan(name, second, third!),
    startSpan: (name, options) => core.start(name, options),
    active,
    with: run,
    bind: (fn, context?: SpanContext) => bind(fn, context),
    log,
    exception: (thrown, options) => {
      const attributes = exceptionAttributes(thrown);
      const message = String(attributes['exception.message'] ?? '');
      log('error', message, { ...options, attributes: { ...attributes, ...options?.attributes } });
    },
    counter: (name, unit = '') => ({
      add: (value, attributes) => {
        if (value >= 0) core.measure(false, name, unit, value, attributes);
      },
    }),
    histogram: (name, unit = '') => ({
      record: (value, attributes) => core.measure(true, name, unit, value, attributes),
    }),
    headers: (context = active()): Record<string, string> => (context ? { b3: core.b3(context) } : {}),
    instrumentSocket: (socket, options) => {
      const restore = instrumentSocket(core, socket, options ?? {});
      undo.add(restore);
      return () => {
        undo.delete(restore);
        restore();
      };
    },
    onSocketActivity: (listener) => {
      core.listeners.add(listener);
      return () => {
        core.listeners.delete(listener);
      };
    },
    setRoute: (template) => {
      core.route = template;
    },
    flush: () => client.flush(),
    shutdown: async () => {
      for (const restore of undo) restore();
      undo.clear();
      await client.close();
    },
    stats: () => client.stats(),
  };
};
