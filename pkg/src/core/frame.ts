/** Writing records into the WebAssembly module's memory. */
import type { Attributes, SpanContext } from '../types.js';
import { LOG, type LogRecord, type Loss, SPAN, type SpanRecord } from './records.js';

/** Longest string, in UTF-16 units; longer ones are cut. */
const MAX_STRING = 4096;
/** Units and numbers after which attributes, events and links are left out and counted; the buffers hold 32768 and 4096. */
const TEXT_LIMIT = 16000;
const NUMBERS_LIMIT = 3800;
const MAX_ELEMENTS = 64;

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
    if (typeof value === 'number') {
      this.number(meta + (Number.isSafeInteger(value) ? 2 : 1));
      this.number(value);
    } else if (typeof value === 'boolean') {
      this.number(meta + 3);
      this.number(+value);
    } else if (Array.isArray(value) && meta) {
      this.number(meta + 4);
      const elements = value.slice(0, MAX_ELEMENTS);
      this.number(elements.length);
      // Cut short, lest 64 long strings exceed the buffer together.
      for (const element of elements) this.value(0, typeof element === 'string' ? element.slice(0, 128) : element);
    } else {
      this.number(meta);
      this.string(describe(value));
    }
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

  record(record: SpanRecord | LogRecord | Loss): void {
    this.number(record.record);
    if (record.record === SPAN) this.span(record);
    else if (record.record === LOG) this.log(record);
    else [record.signal, record.reason, record.count].forEach((number) => this.number(number));
  }

  private ids(context: SpanContext | undefined): void {
    this.string(context ? context.traceId : '');
    this.string(context ? context.spanId : '');
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
    const dropped = this.list(span.events, (event) => {
      this.string(event.name);
      this.number(event.time);
      this.attributes(event.attributes);
    });
    this.number(span.droppedEvents + dropped);
    this.list(span.links, (link) => {
      this.ids(link.context);
      this.attributes(link.attributes);
    });
    this.list(span.status ? [span.status] : [], (status) => {
      this.number(status);
      this.string(span.message);
    });
  }

  private log(log: LogRecord): void {
    this.number(log.time);
    // Observed when it happened.
    this.number(0);
    this.number(log.severity);
    this.string(log.severityText);
    this.list(log.body ? [log.body] : [], (body) => this.string(body));
    this.string(log.eventName);
    this.number(this.attributes(log.attributes));
    this.ids(log.context);
    this.number(+!!log.context?.sampled);
  }
}

const describe = (value: unknown): string => {
  try {
    return String(value);
  } catch {
    return '';
  }
};
