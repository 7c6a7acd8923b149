// Builds `dist/` from the TypeScript in `src/` and the compiled WebAssembly module.
//
//   node scripts/build.mjs --bindgen <folder that `xtask-bindgen` has written>
//
// Only the module is taken from that folder: it exports functions of numbers and imports nothing, so the
// generated JavaScript has no work to do and is left behind.
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { constants } from './constants.mjs';
import { embed } from './embed.mjs';
import { INTERNAL_NAMES, SHORT_NAMES, clashes, quoted, taken } from './internal-names.mjs';
import { optimize } from './optimize.mjs';
import { webVitals } from './web-vitals.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const { values } = parseArgs({ options: { bindgen: { type: 'string' } } });

const fail = (message) => {
  console.error(`build: ${message}`);
  process.exit(1);
};

const clashing = clashes();
if (clashing.length) fail(`scripts/internal-names.mjs has names that others use, too: ${clashing.join(', ')}`);
const twice = taken();
if (twice.length) fail(`scripts/internal-names.mjs has short names that are used already: ${twice.join(', ')}`);
const asking = quoted();
if (asking.length) fail(`asks for a member by a name in a string that scripts/internal-names.mjs has: ${asking.join(', ')}`);
if (!values.bindgen) fail('say where the generated module is: --bindgen <folder>');
const input = resolve(values.bindgen, 'aether_web_client_bg.wasm');
if (!existsSync(input)) fail(`${input} does not exist; compile it first, with \`cargo xtask build\``);

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const module = optimize(readFileSync(input));
// For tests alone.
writeFileSync(join(dist, 'aether_client.wasm'), module);
copyFileSync(join(root, '../LICENSE'), join(dist, 'LICENSE'));

const { exports, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** An entry for each subpath of `exports`, named as the file in `dist/` that the subpath leads to. */
const entryPoints = Object.fromEntries(
  Object.values(exports).flatMap(({ types, import: file }) =>
    file ? [[basename(file, '.js'), types.replace('./dist/types/', 'src/').replace(/\.d\.ts$/, '.ts')]] : [],
  ),
);
/** What is loaded later has a name as well; one with a hash in it would be 8 bytes longer wherever it is named. */
for (const later of ['core/start', 'everything/rest', 'core/headers', 'core/json', 'core/rare', 'packing/packer', 'packing/worker', 'instrumentations/web-vitals/measure']) {
  entryPoints[basename(later)] = `src/${later}.ts`;
}
// One build for all, so that what they share is one module, and shortened names are the same everywhere.
await build({
  absWorkingDir: root,
  entryPoints,
  outdir: 'dist',
  bundle: true,
  splitting: true,
  chunkNames: '[name]-[hash]',
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  external: ['vue', 'vue-router', 'pinia', 'socket.io-client', '@opentelemetry/api', 'vite', 'magic-string'],
  define: { __VERSION__: JSON.stringify(version), __MODULE__: JSON.stringify(embed(module)) },
  minify: true,
  mangleProps: INTERNAL_NAMES,
  mangleCache: SHORT_NAMES,
  // Fields that a constructor fills in need no declaration of their own.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, verbatimModuleSyntax: true } },
  sourcemap: true,
  plugins: [constants, webVitals],
  logLevel: 'warning',
});

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
