/** Spans of the client as those of `@opentelemetry/api`. */
import {
  type AttributeValue as ApiAttributeValue,
  type Attributes as ApiAttributes,
  type Exception,
  type Link,
  type Span,
  type SpanContext as ApiSpanContext,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
  type TraceState,
} from '@opentelemetry/api';
import type { SpanImpl } from '../core/span.js';
import { exceptionAttributes } from '../core/thrown.js';
import type { SpanContext } from '../types.js';
import { attributesOf, millis } from './values.js';

/** What is on the wire, in the API's form. */
export const apiContext = ({ traceId, spanId, sampled, remote }: SpanContext, traceState?: TraceState): ApiSpanContext => ({
  traceId,
  spanId,
  traceFlags: +sampled,
  ...(remote && { isRemote: true }),
  ...(traceState && { traceState }),
});

const linked = ({ traceId, spanId, traceFlags }: ApiSpanContext): SpanContext => ({ traceId, spanId, sampled: (traceFlags & 1) === 1 });

export class ApiSpan implements Span {
  private readonly context: ApiSpanContext;

  constructor(
    readonly own: SpanImpl,
    traceState?: TraceState,
  ) {
    this.context = apiContext({ traceId: own.traceId, spanId: own.spanId, sampled: own.sampled }, traceState);
  }

  spanContext(): ApiSpanContext {
    return this.context;
  }

  isRecording(): boolean {
    return this.own.recording;
  }

  setAttribute(key: string, value: ApiAttributeValue): this {
    return this.setAttributes({ [key]: value });
  }

  setAttributes(attributes: ApiAttributes): this {
    if (this.isRecording()) this.own.set(attributesOf(attributes));
    return this;
  }

  addEvent(name: string, attributesOrTime?: ApiAttributes | TimeInput, time?: TimeInput): this {
    const isTime = typeof attributesOrTime === 'number' || Array.isArray(attributesOrTime) || attributesOrTime instanceof Date;
    const attributes = isTime ? undefined : attributesOf(attributesOrTime as ApiAttributes | undefined);
    if (this.isRecording()) this.own.event(name, attributes, millis(isTime ? (attributesOrTime as TimeInput) : time));
    return this;
  }

  addLink({ context, attributes }: Link): this {
    if (this.isRecording()) this.own.link(linked(context), attributes && attributesOf(attributes));
    return this;
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  /** `OK` is final, and only an error has a message, as the specification asks. */
  setStatus({ code, message }: SpanStatus): this {
    const { own } = this;
    if (this.isRecording() && own.status !== SpanStatusCode.OK && code !== SpanStatusCode.UNSET) {
      own.status = code;
      own.message = code === SpanStatusCode.ERROR ? (message ?? '') : '';
    }
    return this;
  }

  updateName(name: string): this {
    if (this.isRecording()) this.own.name = name;
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    if (this.isRecording()) this.own.event('exception', exceptionAttributes(exception), millis(time));
  }

  end(time?: TimeInput): void {
    this.own.end(millis(time));
  }
}

const known = /*@__PURE__*/ new WeakMap<SpanImpl, ApiSpan>();

/** The API's form of a span, always the same one. */
export const apiSpan = (own: SpanImpl, traceState?: TraceState): ApiSpan => {
  let span = known.get(own);
  if (!span) known.set(own, (span = new ApiSpan(own, traceState)));
  return span;
};
