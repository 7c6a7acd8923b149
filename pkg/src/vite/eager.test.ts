/** Which functions get parentheses, and what of that is left in a real build. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseAst } from 'rolldown/parseAst';
import { type Plugin, type Rollup, build } from 'vite';
import { expect, it } from 'vitest';
import { eager } from './eager.js';
import type { TelemetryPluginOptions } from './index.js';
import type { Node } from './nodes.js';

const parse = (code: string): Node => parseAst(code) as unknown as Node;

it.each([
  ['const a = x => x', 'const a = (x => x)'],
  ['const a = async x => y => x', 'const a = (async x => (y => x))'],
  ['const a = function () {}', 'const a = (function () {})'],
  ['const a = (x => x)', undefined],
  ['f(x => x, y => y)', 'f(x => x, (y => y))'],
  ['const a = { b: () => 1, c() {}, get d() { return 1 }, async *e() {} }', 'const a = { b: (() => 1), c() {}, get d() { return 1 }, async *e() {} }'],
  ['class A { b = () => 1; static c = () => 2; constructor() {} d() {} }', 'class A { b = (() => 1); static c = (() => 2); constructor() {} d() {} }'],
  ['class A { b() { return x => x } }', 'class A { b() { return (x => x) } }'],
  ['const a = b ? c => c : function* () {}', 'const a = b ? (c => c) : (function* () {})'],
  ['!function () {}(); new function () {}', '!(function () {})(); new (function () {})'],
  ['function a(b = () => 1) {} export default function () {}', 'function a(b = (() => 1)) {} export default function () {}'],
  ['const { a = () => 1 } = b', 'const { a = (() => 1) } = b'],
])('%s', (code, expected) => {
  const text = eager(code, parse(code))?.toString();
  expect(text).toBe(expected);
  parse(text ?? code);
});

it('a function keeps its name', () => {
  const code = 'const named = () => 1; const { inner = () => 2 } = {}; globalThis.names = [named.name, inner.name];';
  const global = { names: [] };
  new Function('globalThis', eager(code, parse(code))!.toString())(global);
  expect(global.names).toEqual(['named', 'inner']);
});

it('functions of this package have them in what is built, unless that is not wanted; those of the page do not', async () => {
  const dist = resolve(import.meta.dirname, '../../dist');
  // As it is installed: it knows the files beside itself.
  const { telemetry } = (await import(pathToFileURL(join(dist, 'vite.js')).href)) as { telemetry: (options?: TelemetryPluginOptions) => Plugin };
  const root = mkdtempSync(join(tmpdir(), 'aether-eager-'));
  try {
    writeFileSync(join(root, 'main.js'), `import { createTelemetry } from ${JSON.stringify(join(dist, 'core.js'))};\ncreateTelemetry({ serviceName: 'shop' });\nglobalThis.mine = [() => 'of the page', () => 'of the page'];\n`);
    const built = async (options?: TelemetryPluginOptions): Promise<string> => {
      const input = join(root, 'main.js');
      const result = await build({ root, configFile: false, logLevel: 'silent', plugins: [telemetry(options)], build: { write: false, rollupOptions: { input } } });
      return (result as Rollup.RollupOutput).output.filter(({ name }) => name === 'main').map((file) => (file.type === 'chunk' ? file.code : '')).join();
    };
    const [code, without] = [await built(), await built({ compileEarly: false })];
    const inParentheses = /=\((?:\w+|\([^()]*\))=>/g;
    expect(code.match(inParentheses)!.length).toBeGreaterThan(20);
    expect(without.match(inParentheses)).toBeNull();
    for (const one of [code, without]) expect(one).toMatch(/\[\(\)=>`of the page`,\(\)=>`of the page`\]/);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
