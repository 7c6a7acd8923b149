// Prints what a page must load for telemetry, minified, and fails above the limit.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** Brotli bytes of everything that is loaded, Vue plugin included. */
const LIMIT = 20_000;

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist');
if (!existsSync(join(dist, 'index.js'))) {
  console.error('size: pkg/dist is missing; build it first, with `cargo xtask build`');
  process.exit(1);
}
const rows = readdirSync(dist)
  .filter((name) => /\.(js|wasm)$/.test(name))
  .map((name) => {
    const bytes = readFileSync(join(dist, name));
    return { name, raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length };
  });
rows.push(
  rows.reduce((sum, row) => ({ name: 'total', raw: sum.raw + row.raw, gzip: sum.gzip + row.gzip, brotli: sum.brotli + row.brotli })),
);
console.log(['bytes'.padEnd(28), 'raw'.padStart(8), 'gzip'.padStart(8), 'brotli'.padStart(8)].join(''));
for (const { name, raw, gzip, brotli } of rows) {
  console.log(name.padEnd(28) + [raw, gzip, brotli].map((size) => String(size).padStart(8)).join(''));
}
const total = rows[rows.length - 1].brotli;
if (total > LIMIT) {
  console.error(`size: ${total} bytes with brotli are more than the limit of ${LIMIT}`);
  process.exit(1);
}
