/**
 * The client itself, as applications and instrumentations see it: spans with their parents and sampling, logs,
 * measurements, and the rules for URLs.
 */
import type {
  Attributes,
  BaseTelemetry,
  Instrumentation,
  InstrumentationContext,
  LogOptions,
  Severity,
  Span,
  SpanContext,
  SpanOptions,
  TelemetryOptions,
} from '../types.js';
import { writeB3 } from './b3.js';
import { Client, type LoadEngine } from './client.js';
import { now } from './clock.js';
import { active, bind, run } from './context.js';
import { id, samples } from './ids.js';
import { LOG, LOSS, MEASUREMENT, RATE_LIMITED } from './records.js';
import { SpanImpl } from './span.js';
import { exceptionAttributes, firstSeen } from './thrown.js';
import { guard, warnOnce } from './warn.js';

const SEVERITIES: readonly Severity[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** Whether a span is recorded. */
export type Decide = (traceId: string, parent?: SpanContext, name?: string, options?: SpanOptions) => boolean;

export class Core implements BaseTelemetry, InstrumentationContext {
  readonly output: Client;
  readonly ready: Promise<boolean>;
  route: string | undefined;
  /** Share of new traces that is recorded. */
  ratio: number;
  /** What is at work, by what undoes it. */
  readonly inUse = new Map<() => void, Instrumentation>();
  private readonly sink = (span: SpanImpl): void => this.output.record(span, span.measurement);

  constructor(
    readonly options: TelemetryOptions,
    load: LoadEngine,
  ) {
    const { sampleRatio = 1, instrumentations = [], enabled = true, serviceName } = options;
    this.ratio = enabled ? sampleRatio : 0;
    this.output = new Client(options, load);
    this.ready = this.output.ready;
    if (!serviceName) warnOnce('serviceName is missing');
    for (const instrumentation of instrumentations) this.use(instrumentation);
  }

  /** Starts a span. `sampled` overrides the decision where a trace begins. */
  readonly start = (name: string, options?: SpanOptions, sampled?: boolean): SpanImpl => {
    const parent = options?.parent === undefined ? active() : (options.parent ?? undefined);
    const traceId = parent ? parent.traceId : id(16);
    sampled = this.decide(traceId, parent, name, options) && sampled !== false;
    const span = new SpanImpl(traceId, id(8), sampled, parent, name, options, this.sink);
    if (this.route) span.attributes['aether.route'] ??= this.route;
    return span;
  };

  /** Whether a span is recorded: as its parent, and where there is none by the trace's id; `control/sampler.ts` puts itself in front. */
  decide: Decide = (traceId, parent) =>
    parent ? parent.sampled : samples(traceId, this.ratio);

  readonly startSpan: BaseTelemetry['startSpan'] = this.start;

  readonly span = <T>(name: string, second: SpanOptions | ((span: Span) => T), third?: (span: Span) => T): T => {
    const fn = third ?? (second as (span: Span) => T);
    const span = this.start(name, third && (second as SpanOptions));
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

  readonly active = active;
  readonly with = run;
  readonly bind = bind;

  readonly log = (severity: Severity, body: string, options?: LogOptions): void => {
    this.output.record({
      record: LOG,
      time: options?.time ?? now(),
      severity: SEVERITIES.indexOf(severity) * 4 + 1,
      severityText: `${severity}`.toUpperCase(),
      body,
      eventName: options?.eventName ?? '',
      attributes: { 'aether.route': this.route, ...options?.attributes },
      context: options?.context === undefined ? active() : (options.context ?? undefined),
    });
  };

  readonly recordError = (thrown: unknown, options?: LogOptions): void => {
    firstSeen(thrown);
    const attributes = exceptionAttributes(thrown);
    const message = String(attributes['exception.message'] ?? '');
    this.log('error', message, { ...options, attributes: { ...attributes, ...options?.attributes } });
  };

  readonly measure = (histogram: boolean, name: string, unit: string, value: number, attributes?: Attributes): void =>
    this.output.record({ record: MEASUREMENT, histogram, name, unit, value, attributes: { ...attributes } });

  readonly counter: BaseTelemetry['counter'] = (name, unit = '') => ({
    add: (value, attributes) => {
      if (value >= 0) this.measure(false, name, unit, value, attributes);
    },
  });

  readonly histogram: BaseTelemetry['histogram'] = (name, unit = '') => ({
    record: (value, attributes) => this.measure(true, name, unit, value, attributes),
  });

  readonly headers = (context: SpanContext | undefined = active()): Record<string, string> =>
    context && this.options.enabled !== false ? { b3: writeB3(context) } : {};

  readonly guard = <A extends unknown[], T>(act: (...args: A) => T): ((...args: A) => T | undefined) => guard('an instrumentation', act);
  readonly rateLimited = (signal: 'traces' | 'logs'): void =>
    this.output.record({ record: LOSS, signal: +(signal === 'logs'), reason: RATE_LIMITED, count: 1 });

  use = (instrumentation: Instrumentation): (() => void) => {
    if (this.options.enabled === false) return () => {};
    const what = `the instrumentation "${instrumentation?.name}"`;
    const off = guard(what, () => instrumentation.enable(this))();
    const undo = (): void => {
      if (this.inUse.delete(undo) && off) guard(what, off)();
    };
    this.inUse.set(undo, instrumentation);
    return undo;
  };

  readonly setRoute = (template: string | undefined): void => {
    this.route = template;
  };

  readonly flush = (): Promise<void> => this.output.flush();

  readonly shutdown = (): Promise<void> => {
    for (const undo of this.inUse.keys()) undo();
    return this.output.close();
  };

  stats: BaseTelemetry['stats'] = () => this.output.stats();
}
