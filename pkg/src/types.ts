/* eslint-disable @typescript-eslint/no-explicit-any -- other people's functions: only `any` accepts every signature */
/** The public types of `@aetherterm/telemetry`. */

/** A value that an attribute may have; `undefined` and `null` leave the attribute out. */
export type AttributeValue = string | number | boolean | readonly (string | number | boolean)[];

/** Attributes of a span, an event, a link, a log record, a measurement or the resource. */
export type Attributes = Record<string, AttributeValue | null | undefined>;

/** What identifies a span on the wire. */
export interface SpanContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** Whether the trace is recorded; decided where it began. */
  readonly sampled: boolean;
  /** Whether it came from another process. */
  readonly remote?: boolean;
  /** B3's debug flag: recorded, and to be passed on as `d`. */
  readonly debug?: boolean;
}

/** OpenTelemetry's span kinds. */
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** How to start a span. */
export interface SpanOptions {
  /** Default `internal`. */
  kind?: SpanKind;
  attributes?: Attributes;
  /** The parent; default: the current context. `null` begins a new trace. */
  parent?: SpanContext | null;
  /** Other spans this one has to do with. */
  links?: readonly SpanContext[];
  /** Milliseconds since the Unix epoch; default: now. */
  startTime?: number;
}

/** A span that is being recorded. It can be passed wherever a {@link SpanContext} is expected. */
export interface Span extends SpanContext {
  /** Sets or replaces attributes. */
  set(attributes: Attributes): this;
  /** Adds an event; `time` is in milliseconds since the Unix epoch, default now. */
  event(name: string, attributes?: Attributes, time?: number): this;
  /** Adds a link to another span. */
  link(context: SpanContext, attributes?: Attributes): this;
  /** Marks the span as failed, with `error.type` and a message. Terminal or user content does not belong here. */
  fail(errorType: string, message?: string): this;
  /** Marks the span as failed by something that was thrown, and records it as an event. */
  error(thrown: unknown): this;
  /** Ends the span; later calls change nothing. `time` is in milliseconds since the Unix epoch, default now. */
  end(time?: number): void;
}

/** Severity of a log record. */
export type Severity = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Details of a log record. */
export interface LogOptions {
  attributes?: Attributes;
  /** Names the kind of event, e.g. `device.app.lifecycle`. */
  eventName?: string;
  /** The span it belongs to; default: the current context. */
  context?: SpanContext | null;
  /** Milliseconds since the Unix epoch; default: now. */
  time?: number;
}

/** Adds up. */
export interface Counter {
  /** Adds `value`, which must not be negative. */
  add(value: number, attributes?: Attributes): void;
}

/** Shows a distribution. */
export interface Histogram {
  record(value: number, attributes?: Attributes): void;
}

/** The bytes of a WebAssembly module, now or later. */
export type WasmSource = BufferSource | PromiseLike<BufferSource>;

/** What {@link TelemetryOptions.instrumentations} takes: something that records what happens on the page by itself. */
export interface Instrumentation {
  /** Says in messages which one it is. */
  readonly name: string;
  /**
   * Begins to record; returns what undoes it. Whatever it throws is told once on the console, and neither the
   * page nor the other instrumentations notice.
   */
  enable(context: InstrumentationContext): (() => void) | void;
}

/**
 * What an instrumentation works with: recording, the current context, and a guard around everything that runs
 * inside the page. What only some of them need is in `@aetherterm/telemetry/instrumentation`.
 */
export interface InstrumentationContext {
  /** As the application has given them. */
  readonly options: TelemetryOptions;
  startSpan(name: string, options?: SpanOptions): Span;
  active(): SpanContext | undefined;
  with<T>(context: SpanContext | undefined, fn: () => T): T;
  log(severity: Severity, message: string, options?: LogOptions): void;
  /** Records something thrown as a log record with `exception.*`. */
  recordError(thrown: unknown, options?: LogOptions): void;
  /** Adds to a counter, or records in a histogram. */
  measure(histogram: boolean, name: string, unit: string, value: number, attributes?: Attributes): void;
  /** Headers that carry a context. */
  headers(context?: SpanContext): Record<string, string>;
  /** Whether a trace that has come from elsewhere without a decision is recorded. */
  decide(traceId: string): boolean;
  /** Attribute `aether.route` of what is recorded from now on. */
  setRoute(template: string | undefined): void;
  /** Counts something that was not recorded, because too much of it came. */
  rateLimited(signal: 'traces' | 'logs'): void;
  /** `act`, made harmless: what it throws is told once on the console and goes no further. */
  guard<A extends unknown[], T>(act: (...args: A) => T): (...args: A) => T | undefined;
}

/** Settings of `createTelemetry` and {@link init}. */
export interface TelemetryOptions {
  /** `service.name` of this page. */
  serviceName: string;
  /** `service.version`. */
  serviceVersion?: string;
  /** Default `true`. `false` makes every call a cheap no-op and loads nothing. */
  enabled?: boolean;
  /**
   * Where telemetry goes: an OTLP/HTTP base URL, to which `/v1/traces`, `/v1/logs` and `/v1/metrics` are
   * appended, or a URL that ends in `/v1/traces`. Default: the page's own origin.
   */
  endpoint?: string;
  /**
   * How requests are written, as in `OTEL_EXPORTER_OTLP_PROTOCOL`. Default `http/protobuf`; with `http/json` their code is loaded in
   * addition, and they take two to three times as many bytes. Browsers cannot speak gRPC.
   */
  protocol?: 'http/protobuf' | 'http/json';
  /** Headers of export requests, as an object or as `k=v,k2=v2` with percent-encoded values. Visible to everybody who opens the page. */
  headers?: Record<string, string> | string;
  /** Share of new traces to record, 0 to 1. Default 1. */
  sampleRatio?: number;
  /** Other origins (`https://api.example.com`) or URL patterns that get a `b3` header. The page's own origin always does. */
  propagateTo?: readonly (string | RegExp)[];
  /** What is recorded by itself, in addition to what `init` and the Vue plugin bring along. */
  instrumentations?: readonly Instrumentation[];
  /** Whether `init` and the Vue plugin instrument `fetch`. Default `true`. */
  instrumentFetch?: boolean;
  /**
   * Whether the query string is part of `url.full`. Default `false`: it is replaced by `?REDACTED`. If so, values of
   * parameters that are called as secrets are (`token`, `sig`, `code`, `api_key` and the like) are replaced all the same.
   */
  recordQuery?: boolean;
  /** Further attributes of the resource. */
  resourceAttributes?: Attributes;
  /** Most bytes that wait for export; beyond it the oldest batch is dropped and counted. Default 1 MiB. */
  maxQueueBytes?: number;
  /** Longest time a finished span waits for others, in milliseconds. Default 2000. */
  scheduledDelayMs?: number;
  /** Time between two exports of metrics, in milliseconds. Default 30000. */
  metricsIntervalMs?: number;
  /** Another build of the WebAssembly module. Default: the one that comes with the engine. */
  wasm?: WasmSource;
}

/** Why something was lost, see {@link TelemetryStats.dropped}. */
export type DropReason =
  | 'queue_full'
  | 'too_large'
  | 'malformed'
  | 'refused'
  | 'retries_exhausted'
  | 'rejected'
  | 'rate_limited'
  | 'not_loaded'
  | 'before_send'
  | 'storage_full'
  | 'expired'
  | 'page_closed';

/** What has become of everything recorded so far. */
export interface TelemetryStats {
  /** `loading`, `ready`, `off` because the module could not be used, `disabled` by option or by the server, or `closed`. */
  state: 'loading' | 'ready' | 'off' | 'disabled' | 'closed';
  /** Records waiting, including those whose answer is outstanding. */
  queued: number;
  /** The same in bytes of OTLP. */
  queuedBytes: number;
  /** Records a backend has taken. */
  exported: { traces: number; logs: number; metrics: number };
  /** Records lost, by reason; only reasons that have occurred. */
  dropped: Partial<Record<DropReason, number>>;
}

/** How trace context travels on a socket's events; see the package's README. */
export type SocketContext = 'auto' | 'traced' | 'payload' | 'off';

/** What answers a request event. */
export interface ReplyOptions {
  /** The event that answers it. */
  reply: string;
  /** The event that answers it when it failed. */
  error?: string;
  /** Silence is no error: without an answer within the timeout the span ends as it is. */
  optional?: boolean;
}

/** Settings of an instrumented socket. */
export interface SocketOptions {
  /** Default `auto`: nothing is added to events before the server has said that it understands it. */
  context?: SocketContext;
  /** Whether `_trace` is added to the `auth` of the connection. Default `true`, except with `context: 'off'`. */
  handshake?: boolean;
  /** Time after which a request without an answer counts as failed, in milliseconds. Default 5000. */
  timeoutMs?: number;
  /** Request events that are answered by another event instead of an acknowledgement. */
  replies?: Record<string, string | ReplyOptions>;
  /** New traces per second that one event may begin; what exceeds it is not recorded, but counted. Default 20. */
  maxTracesPerSecond?: number;
  /** Whether durations of requests and listeners are measured, besides their spans. Default `true`. */
  metrics?: boolean;
}

/** Something that happened on an instrumented socket, for live displays. */
export interface SocketActivity {
  type: 'sent' | 'answered' | 'timeout' | 'failed' | 'received' | 'connection';
  /** The same for a request and its outcome. */
  id: string;
  /** The trace, if it is recorded. */
  traceId?: string | undefined;
  event: string;
  namespace: string;
  /** Milliseconds since the Unix epoch. */
  at: number;
  /** Time from request to outcome, or of the listeners, in milliseconds. */
  durationMs?: number | undefined;
  detail?: string | undefined;
  /** Whether an answer is awaited. */
  expectsReply: boolean;
}

/** As much of a Socket.IO client socket as its users need to know of it here. */
export interface SocketLike {
  emit(event: string, ...args: any[]): unknown;
}

/** A telemetry client. No method ever throws, whatever happens to telemetry. */
export interface BaseTelemetry {
  /** Resolves once the module is ready (`true`) or telemetry is off (`false`). Nothing needs to wait for it. */
  readonly ready: Promise<boolean>;
  /**
   * Runs `fn` in a span. The span is the current context while `fn` runs synchronously, and for what is
   * bound inside; it ends when `fn` returns or its promise settles. Errors are recorded and passed on.
   */
  span<T>(name: string, fn: (span: Span) => T): T;
  span<T>(name: string, options: SpanOptions, fn: (span: Span) => T): T;
  /** Starts a span without making it the current context. */
  startSpan(name: string, options?: SpanOptions): Span;
  /** The current context. */
  active(): SpanContext | undefined;
  /** Runs `fn` with `context` as the current one. */
  with<T>(context: SpanContext | undefined, fn: () => T): T;
  /** `fn`, to be called later in what is the current context now (or in `context`). */
  bind<F extends (...args: any[]) => any>(fn: F, context?: SpanContext): F;
  /** Records a log record. */
  log(severity: Severity, message: string, options?: LogOptions): void;
  /** Records something that was thrown as a log record with `exception.*`. */
  recordError(thrown: unknown, options?: LogOptions): void;
  counter(name: string, unit?: string): Counter;
  histogram(name: string, unit?: string): Histogram;
  /** The headers that carry a context (default: the current one) to a server; empty without a context. */
  headers(context?: SpanContext): Record<string, string>;
  /** Adds an instrumentation, for example one that was loaded later; returns a function that undoes it. */
  use(instrumentation: Instrumentation): () => void;
  /** Attribute `aether.route` of spans that start from now on: the template of the page's route. */
  setRoute(template: string | undefined): void;
  /** Sends what is waiting; resolves when each batch was tried once. */
  flush(): Promise<void>;
  /** Undoes all instrumentation, flushes, and ends. */
  shutdown(): Promise<void>;
  stats(): TelemetryStats;
}

/** The client that `init` and the Vue plugin make: with Socket.IO at hand. */
export interface Telemetry extends BaseTelemetry {
  /** Instruments a Socket.IO client socket; returns a function that undoes it. */
  instrumentSocket(socket: SocketLike, options?: SocketOptions): () => void;
  /** Calls `listener` on everything that happens on instrumented sockets; returns a function that ends it. */
  onSocketActivity(listener: (activity: SocketActivity) => void): () => void;
}
