// Bundles every contestant as an application would: what Vite bundles and minifies with.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { telemetry } from '../../../pkg/dist/vite.js';

const ROOT = join(import.meta.dirname, '..');
const brotli = (content) => brotliCompressSync(content).length;

/** Bundles an application, whose code this is, and returns its chunks; `name` is that of the first. */
const chunks = async (code, name = 'application', plugins = []) => {
  const id = join(ROOT, 'application.js');
  const application = { name: 'application', resolveId: (name) => (name === 'application' ? id : null), load: (name) => (name === id ? code : null) };
  const bundle = await rolldown({
    input: 'application',
    cwd: ROOT,
    platform: 'browser',
    transform: { define: { 'process.env.NODE_ENV': '"production"', __SENTRY_DEBUG__: 'false' } },
    plugins: [application, ...plugins],
    logLevel: 'silent',
  });
  const { output } = await bundle.generate({ format: 'esm', entryFileNames: `${name}.js`, minify: true, comments: { annotation: false, jsdoc: false, legal: false } });
  return output.filter(({ type }) => type === 'chunk');
};

/** Writes the bundle of a contestant into `folder`: an application, which exports nothing, built with our plugin for Vite. */
export const bundle = async (name, folder) => {
  const code = `import { start } from './contestants/${name}.js'; globalThis.start = start;`;
  for (const { fileName, code: text } of await chunks(code, name, [telemetry({ await: false })])) writeFileSync(join(folder, fileName), text);
};

/** An empty folder for the bundles but for our worker, which is a file of its own. */
export const prepare = async (folder) => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const worker = await rolldown({ input: join(ROOT, '../../pkg/dist/worker.js'), platform: 'browser', logLevel: 'silent' });
  await worker.write({ file: join(folder, 'worker.js'), format: 'esm', minify: true });
};

/** Bytes with brotli that an application loads: all, and what blocks the first paint. `without`: chunks it never loads. */
export const weigh = async (code, { without = [] } = {}) => {
  const loaded = (await chunks(code)).filter(({ name }) => !without.some((prefix) => name.startsWith(prefix)));
  const first = new Set(loaded.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
  for (const name of first) for (const imported of loaded.find(({ fileName }) => fileName === name)?.imports ?? []) first.add(imported);
  const sum = (some) => some.reduce((total, { code: text }) => total + brotli(text), 0);
  return { total: sum(loaded), first: sum(loaded.filter(({ fileName }) => first.has(fileName))) };
};

/** `name version` of what was installed. */
export const versions = () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return Object.entries(dependencies).map(([name, version]) => `${name} ${version}`);
};

