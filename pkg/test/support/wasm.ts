import { readFileSync } from 'node:fs';

export const WASM = new URL('../../dist/aether_client.wasm', import.meta.url);

export const wasm = (): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(WASM));
