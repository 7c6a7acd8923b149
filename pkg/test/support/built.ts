/** The tests run on the real module; say so when it has not been built. */
import { existsSync } from 'node:fs';
import { WASM } from './wasm.js';

export default (): void => {
  if (!existsSync(WASM)) throw new Error('pkg/dist/aether_client.wasm is missing: build it first, with `cargo xtask build`');
};
