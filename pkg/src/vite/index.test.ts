/** Which modules the plugin rewrites, and what it tells Vite. */
import { parseAst } from 'rolldown/parseAst';
import type { Plugin } from 'vite';
import { describe, expect, it } from 'vitest';
import { concerns, prepares, telemetry } from './index.js';

const LOAD = 'export const load = async () => { await first(); second() };';
type Transform = (this: unknown, code: string, id: string, options?: { ssr: boolean }) => { code: string } | null;
const transform = ({ transform }: Plugin, code: string, id: string, options?: { ssr: boolean }) =>
  (transform as unknown as Transform).call({ parse: parseAst, warn: () => {} }, code, id, options);

describe('which modules', () => {
  it.each([
    ['/app/src/load.ts', true],
    ['/app/src/App.vue', true],
    ['/app/src/App.vue?vue&type=script&setup=true&lang.ts', true],
    ['C:\\app\\src\\load.mjs', true],
    ['/app/src/App.vue?vue&type=style&index=0&lang.css', false],
    ['/app/src/load.js?raw', false],
    ['/app/src/logo.svg', false],
    ['\0virtual:module.js', false],
    ['/app/node_modules/library/index.js', false],
    ['/app/node_modules/@acme/library/index.js', true],
    ['/app/src/generated/api.ts', false],
    ['/app/src/worker.ts', false],
  ])('%s: %s', (id, expected) => {
    expect(concerns(id, { include: '/node_modules/@acme/', exclude: ['/generated/', /worker\.ts$/] })).toBe(expected);
  });
});

it('rewrites what runs in a page, and nothing where it is told not to', () => {
  expect(transform(telemetry(), LOAD, '/app/load.ts')?.code).toMatch(/await __aether\.s\( first\(\)\).*import \{ suspension as __aetherSuspension \} from "@aetherterm\/telemetry\/core";/s);
  expect(transform(telemetry(), LOAD, '/app/load.ts', { ssr: true })).toBeNull();
  expect(transform(telemetry({ await: false }), LOAD, '/app/load.ts')).toBeNull();
  expect(transform(telemetry({ await: { exclude: 'load' } }), LOAD, '/app/load.ts')).toBeNull();
  expect(transform(telemetry(), 'export const async = 1', '/app/load.ts')).toBeNull();
});

it('uses names that the module does not have', () => {
  const code = `const __aether = 1, __aetherSuspension = 2; ${LOAD}`;
  expect(transform(telemetry(), code, '/app/load.ts')?.code).toContain('const __aether$=__aetherSuspension$();');
});

it('has what it imports prepared by Vite where the rest of the package is', () => {
  const installed = 'file:///app/node_modules/@aetherterm/telemetry/dist/vite.js';
  expect(prepares(installed)).toBe(true);
  expect(prepares(installed, ['vue'])).toBe(true);
  expect(prepares(installed, ['@aetherterm/telemetry'])).toBe(false);
  expect(prepares('file:///work/packages/telemetry/dist/vite.js')).toBe(false);
});
