/** What is handed to the WebAssembly module, and how it is written into its memory. */
import type { Attributes, SpanContext } from '../types.js';

export const SPAN = 0;
export const LOG = 1;
export const MEASUREMENT = 2;
export const LOSS = 3;

export interface EventRecord {
  name: string;
  time: number;
  attributes?: Attributes | undefined;
}

export interface LinkRecord {
  context: SpanContext;
  attributes?: Attributes | undefined;
}

export interface SpanRecord extends SpanContext {
  readonly record: typeof SPAN;
  parentId: string;
  /** Whether the parent came from another process. */
  remoteParent: boolean;
  name: string;
  kind: number;
  start: number;
  duration: number;
  attributes: Attributes;
  events: EventRecord[];
  droppedEvents: number;
  links: LinkRecord[];
  status: number;
  message: string;
}

export interface LogRecord {
  readonly record: typeof LOG;
  time: number;
  severity: number;
  severityText: string;
  body: string;
  eventName: string;
  attributes: Attributes | undefined;
  context: SpanContext | undefined;
}

export interface Measurement {
  readonly record: typeof MEASUREMENT;
  histogram: boolean;
  name: string;
  unit: string;
  value: number;
  attributes: Attributes | undefined;
}

/** Something lost on this side: signal, reason and count by the module's numbers. */
export interface Loss {
  readonly record: typeof LOSS;
  signal: number;
  reason: number;
  count: number;
}

export type AnyRecord = SpanRecord | LogRecord | Measurement | Loss;

/** Longest string, in UTF-16 units; longer ones are cut. */
const MAX_STRING = 4096;
/** Units and numbers after which attributes, events and links are left out and counted; the buffers hold 32768 and 4096. */
const TEXT_LIMIT = 16000;
const NUMBERS_LIMIT = 3800;
const MAX_ELEMENTS = 64;

/**
 * Writes frames: all strings joined, and a list of numbers that begins with their lengths and holds
 * everything else. The module's `frame`, `span`, `log` and `metrics` say in which order they are read.
 */
export class FrameWriter {
  text = '';
  length = 0;

  constructor(public numbers: Float64Array) {}

  reset(): void {
    this.text = '';
    this.length = 0;
  }

  number(value: number): void {
    this.numbers[this.length++] = value;
  }

  string(value: string): void {
    if (value.length > MAX_STRING) value = value.slice(0, MAX_STRING);
    this.numbers[this.length++] = value.length;
    this.text += value;
  }

  /** Count and attributes; returns how many had to be left out. */
  attributes(attributes: Attributes | undefined): number {
    const at = this.length++;
    let count = 0;
    let dropped = 0;
    for (const key in attributes) {
      const value = attributes[key];
      if (value === undefined || value === null) continue;
      if (this.full || key.length > MAX_STRING) {
        dropped++;
        continue;
      }
      this.text += key;
      this.value(key.length * 8, value);
      count++;
    }
    this.numbers[at] = count;
    return dropped;
  }

  get full(): boolean {
    return this.text.length > TEXT_LIMIT || this.length > NUMBERS_LIMIT;
  }

  private value(meta: number, value: unknown): void {
    const { numbers } = this;
    switch (typeof value) {
      case 'number':
        numbers[this.length++] = meta + (Number.isSafeInteger(value) ? 2 : 1);
        numbers[this.length++] = value;
        return;
      case 'boolean':
        numbers[this.length++] = meta + 3;
        numbers[this.length++] = +value;
        return;
      case 'object':
        if (Array.isArray(value) && meta) {
          numbers[this.length++] = meta + 4;
          const elements = value.slice(0, MAX_ELEMENTS);
          numbers[this.length++] = elements.length;
          // Cut short, lest 64 long strings exceed the buffer together.
          for (const element of elements) this.value(0, typeof element === 'string' ? element.slice(0, 128) : element);
          return;
        }
    }
    numbers[this.length++] = meta;
    this.string(describe(value));
  }

  record(record: AnyRecord): void {
    this.number(record.record);
    switch (record.record) {
      case SPAN:
        return this.span(record);
      case LOG:
        return this.log(record);
      case MEASUREMENT:
        this.number(+record.histogram);
        this.string(record.name);
        this.string(record.unit);
        this.number(record.value);
        this.attributes(record.attributes);
        return;
      case LOSS:
        this.number(record.signal);
        this.number(record.reason);
        this.number(record.count);
    }
  }

  private ids(context: SpanContext): void {
    this.string(context.traceId);
    this.string(context.spanId);
  }

  private span(span: SpanRecord): void {
    this.ids(span);
    this.string(span.parentId);
    // OTLP's SpanFlags: sampled, and whether the parent is known to be remote.
    this.number(span.remoteParent ? 0x301 : 0x101);
    this.string(span.name);
    this.number(span.kind);
    this.number(span.start);
    this.number(span.duration);
    this.number(this.attributes(span.attributes));
    let dropped = span.droppedEvents;
    let at = this.length++;
    let count = 0;
    for (const event of span.events) {
      if (this.full) {
        dropped++;
        continue;
      }
      this.string(event.name);
      this.number(event.time);
      this.attributes(event.attributes);
      count++;
    }
    this.numbers[at] = count;
    this.number(dropped);
    at = this.length++;
    count = 0;
    for (const link of span.links) {
      if (this.full) break;
      this.ids(link.context);
      this.attributes(link.attributes);
      count++;
    }
    this.numbers[at] = count;
    this.number(span.status);
    this.string(span.message);
  }

  private log(log: LogRecord): void {
    this.number(log.time);
    this.number(log.severity);
    this.string(log.severityText);
    this.string(log.body);
    this.string(log.eventName);
    this.number(this.attributes(log.attributes));
    this.number(+!!log.context);
    if (log.context) {
      this.ids(log.context);
      this.number(+log.context.sampled);
    }
  }
}

const describe = (value: unknown): string => {
  try {
    return String(value);
  } catch {
    return '';
  }
};
