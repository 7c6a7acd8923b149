/**
 * Lots: finished spans on their way to the worker, as few strings and numbers as say everything, because each of them costs the
 * page. {@link unpack} makes of them the frames that the module reads.
 *
 * What nearly all spans look like is written here: what they share with the one before is left out, values included, and so
 * are the names of attributes that another one of the lot has already. Everything else is left to the engine's writer.
 */
import type { FrameWriter } from '../core/frame.js';
import { SPAN, type SpanRecord } from '../core/records.js';

/** Spans that are handed over together: fewer cost more each, and more would wait for longer. */
const SPANS = 1024;
/** Room for small numbers, for others, and units of text after which a lot is large enough; and what one more span may take of it. */
const SMALL = 32768;
const NUMBERS = 16384;
const TEXT = 256 * 1024;
const ONE_MORE = 4096;
/** As in `frame.ts`: longer ones are its concern. */
const MAX_STRING = 4096;
const MAX_TEXT = 16000;
const MAX_ATTRIBUTES = 100;

/** What a span begins with. {@link OTHER} is a frame as it is: units of text, count of numbers. */
const OTHER = 0;
const PLAIN = 1;
const PARENT = 2;
const SAME_TRACE = 4;
const SAME_PARENT = 8;
const REMOTE = 16;
const SAME_NAME = 32;

/** What an attribute begins with; a string with the last one and its length. The same value is that of the attribute at this place before. */
const NONE = 0;
const DOUBLE = 1;
const INTEGER = 2;
const FALSE = 3;
const TRUE = 4;
const SMALL_INTEGER = 5;
const SAME = 6;
const STRING = 7;

export interface Lot {
  readonly text: string;
  /** Codes, lengths, small values. */
  readonly small: Uint16Array;
  /** All other numbers. */
  readonly numbers: Float64Array;
  /** Names of attributes, in their order. */
  readonly shapes: readonly (readonly string[])[];
  readonly spans: number;
  /** Roughly those that it takes. */
  readonly bytes: number;
}

/** Lots that go out together, and how many spans the request has. */
export interface Batch {
  readonly lots: readonly Lot[];
  readonly items: number;
}

/** What the module calls a boolean; the others it calls as they are called here, and a string 0. */
const BOOLEAN = 3;

/** Collects spans until they are a lot. */
export class LotWriter {
  private readonly small = new Uint16Array(SMALL);
  private readonly numbers = new Float64Array(NUMBERS);
  private smallUsed = 0;
  private numbersUsed = 0;
  private text = '';
  private shapes: string[][] = [];
  private shape = 0;
  /** Units of text in all shapes. */
  private shapeUnits = 0;
  private traceId = '';
  private parentId = '';
  private name = '';
  /** Of the attribute at each place. */
  private values: unknown[] = [];
  /** So many are in it. */
  spans = 0;

  constructor(private readonly others: FrameWriter) {}

  /** Whether the lot has to be closed before another span. */
  get enough(): boolean {
    return this.spans >= SPANS || this.smallUsed > SMALL - ONE_MORE || this.numbersUsed > NUMBERS - ONE_MORE || this.text.length + this.shapeUnits > TEXT;
  }

  add(span: SpanRecord): void {
    let plain;
    try {
      plain = this.plain(span);
    } catch {
      // A symbol where a text should be, for example: the engine's writer says what becomes of it.
    }
    if (!plain) {
      // Some of them are not in the lot.
      this.values = [];
      this.other(span);
    }
    this.spans++;
  }

  /** What has been collected; the next lot begins. */
  close(): Lot {
    const { text, shapes, spans } = this;
    const small = this.small.slice(0, this.smallUsed);
    const numbers = this.numbers.slice(0, this.numbersUsed);
    const lot = { text, small, numbers, shapes, spans, bytes: text.length + this.shapeUnits + small.byteLength + numbers.byteLength };
    this.text = this.traceId = this.parentId = this.name = '';
    this.values = [];
    this.smallUsed = this.numbersUsed = this.spans = this.shape = this.shapeUnits = 0;
    this.shapes = [];
    return lot;
  }

  private other(span: SpanRecord): void {
    const { others, small, numbers } = this;
    others.reset();
    others.record(span);
    small[this.smallUsed++] = OTHER;
    small[this.smallUsed++] = others.text.length;
    small[this.smallUsed++] = others.length;
    numbers.set(others.numbers.subarray(0, others.length), this.numbersUsed);
    this.numbersUsed += others.length;
    this.text += others.text;
  }

  /** The one of the shapes that has these names; none where they are too many or too long: a lot is bounded. */
  private shapeOf(attributes: object): readonly string[] | undefined {
    const keys = Object.keys(attributes);
    const { shapes } = this;
    if (keys.length > MAX_ATTRIBUTES || keys.some(({ length }) => length > MAX_STRING)) return undefined;
    this.shape = shapes.findIndex((shape) => shape.length === keys.length && shape.every((key, at) => key === keys[at]));
    if (this.shape < 0) {
      this.shape = shapes.push(keys) - 1;
      for (const { length } of keys) this.shapeUnits += length;
    }
    return shapes[this.shape];
  }

  /** Writes a span that has nothing unusual; otherwise `false`, and nothing is written. */
  private plain(span: SpanRecord): boolean {
    const { traceId, spanId, parentId, name, attributes } = span;
    if (
      // What is no text or number is none of a lot's concern, either.
      typeof traceId !== 'string' ||
      typeof spanId !== 'string' ||
      typeof parentId !== 'string' ||
      typeof name !== 'string' ||
      typeof span.kind !== 'number' ||
      typeof span.start !== 'number' ||
      typeof span.duration !== 'number' ||
      span.events.length ||
      span.links.length ||
      span.status ||
      span.droppedAttributes ||
      span.droppedEvents ||
      span.droppedLinks ||
      traceId.length !== 32 ||
      spanId.length !== 16 ||
      (parentId && parentId.length !== 16) ||
      name.length > MAX_STRING
    ) {
      return false;
    }
    const { small, numbers, values } = this;
    let at = this.smallUsed;
    let used = this.numbersUsed;
    let text = this.text;
    let code = PLAIN;
    /** That the frame will have. */
    let units = name.length;
    if (traceId === this.traceId) code |= SAME_TRACE;
    else text += traceId;
    text += spanId;
    if (parentId) {
      code |= PARENT;
      if (parentId === this.parentId) code |= SAME_PARENT;
      else text += parentId;
      if (span.remoteParent) code |= REMOTE;
    }
    if (name === this.name) code |= SAME_NAME;
    else text += name;
    small[at++] = code;
    small[at++] = name.length;
    small[at++] = span.kind;
    const shapeAt = at++;
    numbers[used++] = span.start;
    numbers[used++] = span.duration;
    let shape: readonly string[] | undefined = this.shapes[this.shape];
    let count = 0;
    for (const key in attributes) {
      if (!shape || key !== shape[count]) {
        // Another one than before, or one that is not there yet.
        shape = this.shapeOf(attributes);
        if (key !== shape?.[count]) return false;
      }
      const value = attributes[key];
      if (value === undefined || value === null) small[at++] = NONE;
      else if (value === values[count]) {
        small[at++] = SAME;
        if (typeof value === 'string') units += value.length;
      } else {
        if (typeof value === 'string') {
          if (value.length > MAX_STRING) return false;
          text += value;
          units += value.length;
          small[at++] = STRING + value.length;
        } else if (typeof value === 'number') {
          if (value >= 0 && value < 65536 && Number.isInteger(value)) {
            small[at++] = SMALL_INTEGER;
            small[at++] = value;
          } else {
            small[at++] = Number.isSafeInteger(value) ? INTEGER : DOUBLE;
            numbers[used++] = value;
          }
        } else if (typeof value === 'boolean') small[at++] = value ? TRUE : FALSE;
        else return false;
        values[count] = value;
      }
      units += key.length;
      count++;
    }
    if (count !== shape?.length && count !== this.shapeOf(attributes)?.length) return false;
    if (units > MAX_TEXT) return false;
    small[shapeAt] = this.shape;
    this.traceId = traceId;
    this.name = name;
    if (parentId) this.parentId = parentId;
    this.text = text;
    this.smallUsed = at;
    this.numbersUsed = used;
    return true;
  }
}

/** Calls `each` with the frame of every span: its text, and its numbers, which are valid until it returns. */
export const unpack = ({ text, small, numbers, shapes }: Lot, each: (text: string, numbers: readonly number[] | Float64Array) => void): void => {
  let at = 0;
  let used = 0;
  let from = 0;
  let traceId = '';
  let parentId = '';
  let name = '';
  const kinds: number[] = [];
  const values: (string | number)[] = [];
  const next = (units: number): string => text.slice(from, (from += units));
  while (at < small.length) {
    const code = small[at++]!;
    if (code === OTHER) {
      const units = small[at++]!;
      const count = small[at++]!;
      each(next(units), numbers.subarray(used, (used += count)));
      continue;
    }
    if (!(code & SAME_TRACE)) traceId = next(32);
    const spanId = next(16);
    if (code & PARENT && !(code & SAME_PARENT)) parentId = next(16);
    const parent = code & PARENT ? parentId : '';
    const units = small[at++]!;
    if (!(code & SAME_NAME)) name = next(units);
    const kind = small[at++]!;
    const shape = shapes[small[at++]!] ?? [];
    let joined = traceId + spanId + parent + name;
    const frame = [SPAN, 32, 16, parent.length, code & REMOTE ? 0x301 : 0x101, units, kind, numbers[used++]!, numbers[used++]!, 0];
    const countAt = frame.length - 1;
    shape.forEach((key, place) => {
      const type = small[at++]!;
      if (type === NONE) return;
      if (type >= STRING) {
        kinds[place] = 0;
        values[place] = next(type - STRING);
      } else if (type !== SAME) {
        kinds[place] = type >= FALSE && type <= TRUE ? BOOLEAN : type === DOUBLE ? DOUBLE : INTEGER;
        values[place] = type === SMALL_INTEGER ? small[at++]! : type >= FALSE ? type - FALSE : numbers[used++]!;
      }
      const value = values[place]!;
      joined += key;
      frame[countAt]!++;
      frame.push(key.length * 8 + kinds[place]!, typeof value === 'string' ? value.length : value);
      if (typeof value === 'string') joined += value;
    });
    // Nothing was left out; no events, links, status.
    frame.push(0, 0, 0, 0, 0, 0);
    each(joined, frame);
  }
};
