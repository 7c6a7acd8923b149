// Prints what a page must load for telemetry, and fails above a cap.
//
// Each row is an application as one would write it, bundled and minified by what Vite uses. The WebAssembly module is in the
// engine's chunk. "first" is the part that blocks the first paint: everything else is loaded later.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { APPLICATIONS } from './size-caps.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
if (!existsSync(join(dist, 'index.js'))) {
  console.error('size: pkg/dist is missing; build it first, with `cargo xtask build`');
  process.exit(1);
}

const brotli = (bytes) => brotliCompressSync(bytes).length;

/** As Vite has it for applications. */
const COMMENTS = { annotation: false, jsdoc: false, legal: false };

/** The application, as a module beside `package.json`. */
const virtual = (code) => {
  const id = join(root, 'application.js');
  return { name: 'application', resolveId: (name) => (name === 'application' ? id : null), load: (name) => (name === id ? code : null) };
};

/** Sizes of what a bundler makes of `code`: the entry with what it imports statically, and what comes later. */
const bundle = async (code, without) => {
  const bundled = await rolldown({ input: 'application', external: ['vue', 'vue-router', 'pinia', '@opentelemetry/api'], plugins: [virtual(code)], logLevel: 'silent' });
  const { output } = await bundled.generate({ format: 'esm', minify: true, comments: COMMENTS });
  const chunks = output.filter(({ type, name }) => type === 'chunk' && !without.some((prefix) => name.startsWith(prefix)));
  const first = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
  for (const name of first) for (const imported of chunks.find(({ fileName }) => fileName === name)?.imports ?? []) first.add(imported);
  const sizes = chunks.map(({ fileName, code: text }) => {
    const bytes = Buffer.from(text);
    return { first: first.has(fileName), raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotli(bytes) };
  });
  const sum = (rows, what) => rows.reduce((total, row) => total + row[what], 0);
  return { first: sum(sizes.filter((row) => row.first), 'brotli'), raw: sum(sizes, 'raw'), gzip: sum(sizes, 'gzip'), brotli: sum(sizes, 'brotli') };
};

const cells = (...values) => values.map((value) => String(value).padStart(9)).join('');
console.log('bytes'.padEnd(34) + cells('raw', 'gzip', 'brotli', 'cap', 'first', 'cap'));

let failed = false;
for (const { name, code, cap, without = ['json', 'packer'], first = Infinity } of APPLICATIONS) {
  const size = await bundle(code, without);
  console.log(name.padEnd(34) + cells(size.raw, size.gzip, size.brotli, cap, size.first, first === Infinity ? '' : first));
  if (size.brotli > cap || size.first > first) {
    console.error(`size: "${name}" is over its cap; docs/size.md says where bytes go and how to find out`);
    failed = true;
  }
}
if (failed) process.exit(1);
