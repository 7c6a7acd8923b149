/** The WebAssembly module, which is text in this chunk. Each client has an instance, and so a queue, of its own. */
import type { WasmSource } from '../types.js';

/** What the module exports; `web-client/src/bindings.rs` says what each does. */
export interface Module {
  readonly memory: WebAssembly.Memory;
  buffers(): number;
  record(textBytes: number, textUnits: number, numbers: number, now: number): number;
  take(mode: number, limit: number, now: number): number;
  answered(id: number, status: number, retryAfter: number, jitter: number, bodyBytes: number, now: number): number;
  resume(): void;
  counters(): void;
  /** What it was made of: there may be more than one. */
  compiled: WebAssembly.Module;
}

/** Replaced by the build with what `scripts/embed.mjs` makes of the module. */
declare const __MODULE__: string;

/** The bytes that `text` stands for: one for each character from `#` on, after a space 92 more, after `!` 184 more. */
const decode = (text: string): Uint8Array<ArrayBuffer> => {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  let length = 0;
  // An index and one turn for each byte: this runs once, while it is still interpreted. What is written is behind what is read.
  for (let value; (value = bytes[at++]); ) bytes[length++] = value < 35 ? (value - 31) * 92 - 35 + bytes[at++]! : value - 35;
  return bytes.subarray(0, length);
};

/** Compiles and instantiates the module; rejects with an error that says what went wrong. */
export const loadModule = async (source: WasmSource = decode(__MODULE__)): Promise<Module> => {
  const { instance, module } = await WebAssembly.instantiate(await source);
  return { ...(instance.exports as unknown as Module), compiled: module };
};
