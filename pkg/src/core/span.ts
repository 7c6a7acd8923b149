/** Spans: plain objects that collect what will be encoded when they end. */
import type { Attributes, Span, SpanContext, SpanKind, SpanOptions } from '../types.js';
import { now, tick } from './clock.js';
import { type EventRecord, type LinkRecord, type Measurement, SPAN, type SpanRecord } from './records.js';
import { errorType, exceptionAttributes } from './thrown.js';

const KINDS: readonly SpanKind[] = ['internal', 'server', 'client', 'producer', 'consumer'];
/** OTLP's number of a kind. */
const kindOf = (kind: SpanKind = 'internal'): number => KINDS.indexOf(kind) + 1;
/** Events and links each, as the specification has it. */
const MAX_EVENTS = 128;
const ERROR = 2;

/** Receives a sampled span when it has ended. */
export type Sink = (span: SpanImpl) => void;

export class SpanImpl implements Span, SpanRecord {
  readonly record = SPAN;
  attributes: Attributes;
  events: EventRecord[] = [];
  droppedEvents = 0;
  links: LinkRecord[] = [];
  droppedLinks = 0;
  droppedAttributes?: number;
  status = 0;
  message = '';
  duration = 0;
  kind: number;
  /** A measurement to be recorded together with the span. */
  measurement: Measurement | undefined;
  readonly start: number;
  readonly parentId: string;
  readonly remoteParent: boolean;
  readonly debug: boolean;
  /** Monotonic start; infinite once the span has ended. */
  private begun: number;

  constructor(
    readonly traceId: string,
    readonly spanId: string,
    readonly sampled: boolean,
    parent: SpanContext | undefined,
    public name: string,
    options: SpanOptions | undefined,
    private readonly sink: Sink,
  ) {
    this.parentId = parent ? parent.spanId : '';
    this.remoteParent = !!parent?.remote;
    this.debug = !!parent?.debug;
    this.kind = kindOf(options?.kind);
    // Asked once: the clock is what costs most here.
    const at = tick();
    const time = now(at);
    this.start = options?.startTime ?? time;
    this.begun = at + this.start - time;
    this.attributes = { ...(sampled && options?.attributes) };
    options?.links?.forEach((context) => this.link(context));
  }

  /** Sampled, and not ended. */
  get recording(): boolean {
    return this.sampled && this.begun < Infinity;
  }

  as(kind: SpanKind): this {
    this.kind = kindOf(kind);
    return this;
  }

  set(attributes: Attributes): this {
    if (this.recording) Object.assign(this.attributes, attributes);
    return this;
  }

  event(name: string, attributes?: Attributes, time: number = now()): this {
    if (this.recording) {
      if (this.events.length < MAX_EVENTS) this.events.push({ name, time, attributes: { ...attributes } });
      else this.droppedEvents++;
    }
    return this;
  }

  link(context: SpanContext, attributes?: Attributes): this {
    if (this.recording) {
      if (this.links.length < MAX_EVENTS) this.links.push({ context, attributes });
      else this.droppedLinks++;
    }
    return this;
  }

  fail(type: string, message = ''): this {
    if (this.recording) {
      this.status = ERROR;
      this.message = message;
    }
    return this.set({ 'error.type': type });
  }

  error(thrown: unknown): this {
    const attributes = exceptionAttributes(thrown);
    this.event('exception', attributes);
    return this.fail(errorType(thrown), attributes['exception.message'] as string);
  }

  end(time?: number): void {
    if (!this.recording) return;
    this.duration = Math.max(0, time === undefined ? tick() - this.begun : time - this.start);
    this.begun = Infinity;
    this.sink(this);
  }
}
