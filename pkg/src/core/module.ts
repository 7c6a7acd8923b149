/** Loading the WebAssembly module. Each client has an instance, and so a queue, of its own. */
import type { WasmSource } from '../types.js';

/** What the module exports; `web-client/src/bindings.rs` says what each does. */
export interface Module {
  readonly memory: WebAssembly.Memory;
  text_address(): number;
  numbers_address(): number;
  configure(textBytes: number, textUnits: number, numbers: number): number;
  ids(traces: number): number;
  record(textBytes: number, textUnits: number, numbers: number, now: number): number;
  wake(now: number): number;
  take(mode: number, now: number): number;
  answered(id: number, status: number, retryAfter: number, bodyBytes: number, now: number): void;
  resume(): void;
  reserve(bytes: number): number;
  release(bytes: number): void;
  counters(): void;
}

const bytesOf = async (url: URL, fetch: typeof globalThis.fetch): Promise<BufferSource | Response> => {
  // Under Node the file lies on disk, where `fetch` does not reach.
  if (url.protocol === 'file:') {
    const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => { readFileSync(url: URL): Uint8Array<ArrayBuffer> } } };
    const fs = process?.getBuiltinModule?.('node:fs');
    if (fs) return fs.readFileSync(url);
  }
  return fetch(url);
};

/** Compiles and instantiates the module; rejects with an error that says what went wrong. */
export const loadModule = async (source: WasmSource | undefined, fetch: typeof globalThis.fetch): Promise<Module> => {
  let from: Awaited<WasmSource> = await (source ?? new URL('./aether_client.wasm', import.meta.url));
  if (typeof from === 'string') from = new URL(from, globalThis.location?.href);
  if (from instanceof URL) from = await bytesOf(from, fetch);
  let compiled: WebAssembly.Module;
  if (typeof Response !== 'undefined' && from instanceof Response) {
    if (!from.ok) throw new Error(`${from.url} answered ${from.status}`);
    compiled = from.headers.get('content-type')?.startsWith('application/wasm')
      ? await WebAssembly.compileStreaming(from)
      : await WebAssembly.compile(await from.arrayBuffer());
  } else {
    compiled = from instanceof WebAssembly.Module ? from : await WebAssembly.compile(from as BufferSource);
  }
  return (await WebAssembly.instantiate(compiled)).exports as unknown as Module;
};
