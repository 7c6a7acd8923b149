/** What a real build makes of the engine's chunk: it is compiled early, and pages ask for it at once if that is wanted. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TraceMap, originalPositionFor } from '@jridgewell/trace-mapping';
import { type InlineConfig, type Plugin, type Rollup, build, createServer } from 'vite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderOf } from './early.js';
import type { TelemetryPluginOptions } from './index.js';

const DIST = resolve(import.meta.dirname, '../../dist');
// As it is installed: it finds the engine beside itself.
const { telemetry } = (await import(pathToFileURL(join(DIST, 'vite.js')).href)) as { telemetry: (options?: TelemetryPluginOptions) => Plugin };

const HINT = '//# allFunctionsCalledOnLoad\n';
const LINKS = /<link rel="modulepreload"[^>]*>/g;
const page = (script: string): string => `<!doctype html><html><head><title>shop</title></head><body><script type="module" src="${script}"></script></body></html>`;
const from = (file: string): string => JSON.stringify(join(DIST, file).replaceAll('\\', '/'));

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'aether-early-'));
  writeFileSync(join(root, 'index.html'), page('/main.js'));
  writeFileSync(join(root, 'main.js'), `import { createTelemetry } from ${from('core.js')};\ncreateTelemetry({ serviceName: 'shop' });\n`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Builds the page; `of` finds a chunk by the beginning of its name. */
const built = async (options?: TelemetryPluginOptions, config: InlineConfig = {}) => {
  const result = await build({ ...config, root, configFile: false, logLevel: 'silent', plugins: [telemetry(options)], build: { write: false, ...config.build } });
  const { output } = result as Rollup.RollupOutput;
  const assets = new Map(output.map((file) => [file.fileName, file]));
  const html = (name = 'index.html'): string => {
    const file = assets.get(name);
    return file?.type === 'asset' ? String(file.source) : '';
  };
  const chunks = output.filter((file): file is Rollup.OutputChunk => file.type === 'chunk');
  const of = (name: string): Rollup.OutputChunk => chunks.find((chunk) => chunk.name === name)!;
  return { chunks, assets, html, of, links: (name?: string): string[] => html(name).match(LINKS) ?? [] };
};

describe('the page, with `preload`', () => {
  it('asks for the engine at low priority, and for nothing else that comes later', async () => {
    const { links, of, chunks } = await built({ preload: true });
    expect(chunks.length).toBeGreaterThan(3);
    expect(links()).toEqual([expect.stringContaining(`href="/${of('start').fileName}"`)]);
    expect(links()[0]).toContain('fetchpriority="low"');
    expect(links()[0]).toContain('crossorigin');
  });

  it.each([
    ['/shop/', '/shop/'],
    ['https://cdn.example/a/', 'https://cdn.example/a/'],
    ['./', './'],
  ])('finds it below the base %s', async (base, prefix) => {
    const { links, of } = await built({ preload: true }, { base });
    expect(links()).toEqual([expect.stringContaining(`href="${prefix}${of('start').fileName}"`)]);
  });

  it('finds it from a page in a folder, by a relative base', async () => {
    mkdirSync(join(root, 'admin'));
    writeFileSync(join(root, 'admin/index.html'), page('../main.js'));
    const { links, of } = await built({ preload: true }, { base: '', build: { rollupOptions: { input: [join(root, 'index.html'), join(root, 'admin/index.html')] } } });
    expect(links('admin/index.html').join()).toContain(`href="../${of('start').fileName}"`);
  });

  it('asks for the one of /everything', async () => {
    writeFileSync(join(root, 'main.js'), `import { everything } from ${from('everything.js')};\neverything({ serviceName: 'shop' });\n`);
    const { links, of } = await built({ preload: true });
    expect(links().join()).toContain(of('rest').fileName);
    expect(of('rest').code.startsWith(HINT)).toBe(true);
  });

  it.each<[string, TelemetryPluginOptions, InlineConfig]>([
    ['which it is by itself', {}, {}],
    ['by that of Vite', { preload: true }, { build: { modulePreload: false } }],
  ])('does not where it is told not to, %s', async (_what, options, config) => {
    const { links, of } = await built(options, config);
    expect(links()).toEqual([]);
    expect(of('start').code.startsWith(HINT)).toBe(true);
  });

  it('does not without telemetry, or where telemetry is loaded by import()', async () => {
    writeFileSync(join(root, 'main.js'), 'document.title = "nothing";\n');
    expect((await built({ preload: true })).links()).toEqual([]);
    writeFileSync(join(root, 'main.js'), `void import(${from('core.js')});\n`);
    const { links, chunks } = await built({ preload: true });
    expect(links().join()).not.toContain('start');
    expect(chunks.some(({ code }) => code.startsWith(HINT))).toBe(true);
  });

  it('is left alone while developing', async () => {
    const server = await createServer({ root, configFile: false, logLevel: 'silent', plugins: [telemetry({ preload: true })], server: { middlewareMode: true, ws: false }, optimizeDeps: { noDiscovery: true }, appType: 'custom' });
    try {
      expect(await server.transformIndexHtml('/', page('/main.js'))).not.toMatch(LINKS);
    } finally {
      await server.close();
    }
  });
});

describe('the engine’s chunk', () => {
  it('is compiled early, the page’s own code is not, and source maps hold', async () => {
    const { of, chunks, assets } = await built(undefined, { build: { sourcemap: true } });
    expect(chunks.filter(({ code }) => code.startsWith(HINT)).map(({ name }) => name)).toEqual(['start']);
    const { fileName, code } = of('start');
    const map = assets.get(`${fileName}.map`) as Rollup.OutputAsset;
    const lines = code.split('\n');
    const line = lines.findIndex((text) => text.includes('x-aether-sent-at'));
    const found = originalPositionFor(new TraceMap(String(map.source)), { line: line + 1, column: lines[line]!.indexOf('x-aether-sent-at') });
    expect(found.source).toMatch(/transport\.ts$|chunk-.*\.js$/);
  });

  it('is as it was where that is not wanted, with code of the page in it, and on a server', async () => {
    expect((await built({ compileEarly: false })).chunks.filter(({ code }) => code.includes(HINT))).toHaveLength(0);
    const together = { build: { rollupOptions: { output: { inlineDynamicImports: true } } } };
    expect((await built(undefined, together)).chunks.filter(({ code }) => code.includes(HINT))).toHaveLength(0);
    const server = await built(undefined, { build: { ssr: join(root, 'main.js') } });
    expect(server.chunks.length).toBeGreaterThan(0);
    expect(server.chunks.filter(({ code }) => code.includes(HINT))).toHaveLength(0);
  });
});

it.each([
  ['file:///work/a%20b/dist/vite.js', '/work/a b/dist/'],
  ['file:///C:/work/dist/chunk-1.js', 'C:/work/dist/'],
])('%s is in %s', (url, folder) => expect(folderOf(url)).toBe(folder));
