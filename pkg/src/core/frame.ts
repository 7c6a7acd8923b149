/** Writing records into the WebAssembly module's memory. */
import type { Attributes } from '../types.js';
import { LOG, LOSS, type LogRecord, type Loss, MALFORMED, SPAN, type SpanRecord } from './records.js';

/** Longest string, in UTF-16 units; longer ones are cut. */
const MAX_STRING = 4096;
/** Units and numbers after which attributes, events and links are left out and counted; the buffers hold 32768 and 4096. */
const TEXT_LIMIT = 16000;
const NUMBERS_LIMIT = 3800;
const MAX_ELEMENTS = 64;
/** Attributes of one thing, as the specification has it. */
const MAX_ATTRIBUTES = 128;

/** What has attributes, and a count of those it has lost. */
interface Described {
  attributes?: Attributes | undefined;
  droppedAttributes?: number;
}

/**
 * Writes frames: all strings joined, and a list of numbers that begins with their lengths and holds
 * everything else. The module's `schema` and `attributes` say in which order they are read.
 */
export class FrameWriter {
  numbers!: Float64Array;
  text = '';
  length = 0;

  reset(): void {
    this.text = '';
    this.length = 0;
  }

  /** Numbers as they are, strings as their length and their text. */
  put(...values: (number | string)[]): void {
    for (let value of values) {
      if (typeof value === 'string') {
        this.text += value = value.slice(0, MAX_STRING);
        value = value.length;
      }
      this.numbers[this.length++] = value;
    }
  }

  /** Count and attributes; returns how many had to be left out, on top of those that were `dropped` before. */
  attributes(attributes: Attributes | undefined, dropped = 0): number {
    const at = this.length++;
    let count = 0;
    for (const key in attributes) {
      const value = attributes[key];
      if (value === undefined || value === null) continue;
      if (this.full || count >= MAX_ATTRIBUTES || key.length > MAX_STRING) {
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

  /** Values, and behind them attributes with the count of those that are missing. */
  private described({ attributes, droppedAttributes }: Described, ...values: (number | string)[]): void {
    this.put(...values);
    this.put(this.attributes(attributes, droppedAttributes));
  }

  get full(): boolean {
    return this.text.length > TEXT_LIMIT || this.length > NUMBERS_LIMIT;
  }

  private value(meta: number, value: unknown): void {
    if (typeof value === 'number') this.put(meta + (Number.isSafeInteger(value) ? 2 : 1), value);
    else if (typeof value === 'boolean') this.put(meta + 3, +value);
    else if (Array.isArray(value) && meta) {
      const elements = value.slice(0, MAX_ELEMENTS);
      this.put(meta + 4, elements.length);
      // Cut short, lest 64 long strings exceed the buffer together.
      for (const element of elements) this.value(0, typeof element === 'string' ? element.slice(0, 128) : element);
    } else this.put(meta, describe(value));
  }

  /** A count and the elements of a list; returns how many had to be left out. */
  private list<T>(elements: readonly T[], write: (element: T) => void): number {
    const at = this.length++;
    let count = 0;
    for (const element of elements) {
      if (this.full) break;
      write(element);
      count++;
    }
    this.numbers[at] = count;
    return elements.length - count;
  }

  /** The only record of its frame. */
  record(record: SpanRecord | LogRecord | Loss): void {
    try {
      this.put(record.record);
      if (record.record === SPAN) this.span(record);
      else if (record.record === LOG) this.log(record);
      else this.put(record.signal, record.reason, record.count);
    } catch {
      // A symbol where a text should be, for example. That record is lost, and no other.
      this.reset();
      this.put(LOSS, record.record, MALFORMED, 1);
    }
  }

  private span(span: SpanRecord): void {
    // With OTLP's SpanFlags: sampled, and whether the parent is known to be remote.
    this.described(span, span.traceId, span.spanId, span.parentId, span.remoteParent ? 0x301 : 0x101, span.name, span.kind, span.start, span.duration);
    this.put(span.droppedEvents + this.list(span.events, (event) => this.described(event, event.name, event.time)));
    this.put(span.droppedLinks + this.list(span.links, (link) => this.described(link, link.context.traceId, link.context.spanId)));
    this.list(span.status ? [span.status] : [], (status) => this.put(status, span.message));
  }

  private log(log: LogRecord): void {
    const { body, context } = log;
    // Observed when it happened, which is no time later.
    this.put(log.time, 0, log.severity, log.severityText);
    this.list(body ? [body] : [], (text) => this.put(text));
    this.described(log, log.eventName);
    this.put(context?.traceId ?? '', context?.spanId ?? '', +!!context?.sampled);
  }
}

const describe = (value: unknown): string => {
  try {
    return String(value);
  } catch {
    return '';
  }
};
