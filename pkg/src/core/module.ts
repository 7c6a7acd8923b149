/** Loading the WebAssembly module. Each client has an instance, and so a queue, of its own. */
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
}

/** What can be compiled, from wherever it may be. */
const load = async (source: Awaited<WasmSource>, fetch: typeof globalThis.fetch): Promise<BufferSource | WebAssembly.Module> => {
  if (typeof source === 'string' || source instanceof URL) {
    const url = new URL(source, globalThis.location?.href);
    // Under Node the file lies on disk, where `fetch` does not reach.
    const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => { readFileSync(url: URL): Uint8Array<ArrayBuffer> } } };
    source = (url.protocol === 'file:' && process?.getBuiltinModule?.('node:fs').readFileSync(url)) || (await fetch(url));
  }
  if (typeof Response === 'undefined' || !(source instanceof Response)) return source as BufferSource;
  if (!source.ok) throw new Error(`${source.url} answered ${source.status}`);
  return source.arrayBuffer();
};

/** Compiles and instantiates the module; rejects with an error that says what went wrong. */
export const loadModule = async (source: WasmSource, fetch: typeof globalThis.fetch): Promise<Module> => {
  const loaded = await load(await source, fetch);
  // Not while it streams in: a few kilobytes compile in no time, and no server needs to know the media type.
  const compiled = loaded instanceof WebAssembly.Module ? loaded : await WebAssembly.compile(loaded);
  return (await WebAssembly.instantiate(compiled)).exports as unknown as Module;
};
