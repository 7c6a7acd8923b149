import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

// No `import.meta.url`, which is no file's where a test has a document.
export const WASM = resolve(import.meta.dirname, '../../dist/aether_client.wasm');

export const wasm = (): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(WASM));
