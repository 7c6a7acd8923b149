/** Requests of lots: an instance of the module for nothing else, in the worker, and in a page that is left. */
import type { Module } from '../core/module.js';
import { type Lot, unpack } from './lot.js';
import type { Beginning } from './messages.js';

/** Sizes of the module's buffers, as in `bindings.rs`. */
const NUMBERS = 4096;
const TEXT_BYTES = 96 * 1024 + 512;
const FLUSH = 1;
/** Where the module has the bytes that wait, and how many traces were too large. */
const WAITING = 0;
const TOO_LARGE = 4;

/** A request before it is compressed, and how many spans are in it. */
export interface Made {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly items: number;
}

export class Maker {
  private readonly module: Module;
  private readonly encoder = new TextEncoder();
  private numbers!: Float64Array;
  private text: Uint8Array<ArrayBuffer> | undefined;

  constructor({ module, text, numbers }: Pick<Beginning, 'module' | 'text' | 'numbers'>) {
    this.module = new WebAssembly.Instance(module).exports as unknown as Module;
    this.record(text, numbers);
  }

  add(lot: Lot): void {
    unpack(lot, (text, numbers) => this.record(text, numbers));
  }

  /** Bytes that wait, and how many spans were too large since it began. */
  counters(): { waiting: number; tooLarge: number } {
    this.module.counters();
    this.view();
    return { waiting: this.numbers[WAITING]!, tooLarge: this.numbers[TOO_LARGE]! };
  }

  /** Everything that waits, as one request. */
  take(): Made {
    const { module } = this;
    const bodies: Uint8Array[] = [];
    let length = 0;
    let items = 0;
    for (let id; (id = module.take(FLUSH, -1, 0)); ) {
      this.view();
      const [address, size, , count] = this.numbers as unknown as [number, number, number, number];
      bodies.push(new Uint8Array(module.memory.buffer, address, size).slice());
      length += size;
      items += count;
      module.answered(id, 200, -1, 0, 0, 0);
    }
    // One behind the other they are one request: its only field is a list.
    const body = new Uint8Array(length);
    let at = 0;
    for (const one of bodies) {
      body.set(one, at);
      at += one.length;
    }
    return { body, items };
  }

  private record(text: string, numbers: ArrayLike<number>): void {
    this.view();
    this.numbers.set(numbers);
    const { written } = this.encoder.encodeInto(text, this.text!);
    this.module.record(written, text.length, numbers.length, 0);
  }

  /** Renews the views after the module's memory has grown, which detaches them. */
  private view(): void {
    if (this.text?.length) return;
    const buffer = this.module.memory.buffer as ArrayBuffer;
    const address = this.module.buffers();
    this.numbers = new Float64Array(buffer, address, NUMBERS);
    this.text = new Uint8Array(buffer, address + NUMBERS * 8, TEXT_BYTES);
  }
}
