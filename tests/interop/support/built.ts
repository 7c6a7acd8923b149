/** These tests play built things against each other; says so when one is missing. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { SHOP } from './listings.js';
import { SERVER } from './rust.js';

export default (): void => {
  const client = resolve(import.meta.dirname, '../../../pkg/dist/aether_client.wasm');
  for (const file of [client, SERVER, SHOP]) {
    if (!existsSync(file)) throw new Error(`${file} is missing: build it, and run these tests, with \`cargo xtask test interop\``);
  }
};
