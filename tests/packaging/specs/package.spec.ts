/** The package by itself: what others' checks say of it, its types, and what importing it does. */
import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { type App, create, writeAll } from '../support/app'
import { expect, test } from '../support/test'

const bin = (name: string) => resolve(import.meta.dirname, '../../../node_modules/.bin', name)

test('publint and attw have nothing to say', async ({ packed }) => {
  expect(execFileSync(bin('publint'), ['run', '--strict', packed.tarball], { encoding: 'utf8' })).toContain('All good')
  // The package is made of ECMAScript modules alone.
  execFileSync(bin('attw'), ['--profile', 'esm-only', packed.tarball], { stdio: ['ignore', 'pipe', 'inherit'] })
})

test('it holds what it needs, and no sources of tests', async ({ packed }) => {
  const files = readdirSync(join(packed.folder, 'package'), { recursive: true }).map(String)
  expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'dist/start.js', ...packed.entries.map(({ file }) => file.slice(2))]))
  // The module is in the engine; as a file it is there for tests.
  expect(files.filter((file) => /test|\.wasm$|\.tsx?$/.test(file) && !file.endsWith('.d.ts'))).toEqual([])
})

const tsc = (app: App, files: string[], module: string, moduleResolution: string) =>
  app.run('npx', '--no-install', 'tsc', '--strict', '--noEmit', '--skipDefaultLibCheck', '--target', 'es2022', '--lib', 'es2023,dom', '--module', module, '--moduleResolution', moduleResolution, ...files)

const MODES = [
  ['esnext', 'bundler'],
  ['nodenext', 'nodenext'],
] as const

test('types hold where nothing else is installed', async ({ packed }) => {
  const app = create(packed, 'types')
  writeAll(app, 'all.ts', packed.entries.filter(({ needs, typesNeed }) => !needs.length && !typesNeed.length))
  for (const [module, resolution] of MODES) tsc(app, ['all.ts', 'use.ts'], module, resolution)
})

test('types hold with everything that it can work with', async ({ packed }) => {
  const app = create(packed, 'types', ['vue@3.5.45', 'vue-router@5.5.1', 'pinia@4.1.0', 'socket.io-client@4.8.4', '@opentelemetry/api@1.10.0', 'vite@8.3.8', '@types/node@20.19.43'])
  writeAll(app, 'all.ts', packed.entries)
  for (const [module, resolution] of MODES) tsc(app, ['all.ts', 'use.ts'], module, resolution)
})

test('under Node it does nothing', async ({ packed }) => {
  const app = create(packed, 'vite-vue')
  // Every subpath, those for tools included, which a build has installed.
  writeAll(app, 'all.mjs', packed.entries)
  writeFileSync(
    join(app.folder, 'import.mjs'),
    `// Vue leaves marks of its own.
const values = () => new Map(Object.getOwnPropertyNames(globalThis).filter((name) => !/^(all$|__VUE)/.test(name)).map((name) => [name, globalThis[name]]))
const watched = () => [...values(), ...Object.entries(console)]
const before = watched()
await import('./all.mjs')
const { createTelemetry } = await import('${packed.name}/vue')
const telemetry = createTelemetry({ serviceName: 'shop' })
const ready = await telemetry.ready
const changed = watched().flatMap(([name, value], index) => (before[index]?.[0] === name && Object.is(before[index][1], value) ? [] : [name]))
console.log(JSON.stringify({ ready, changed, seven: telemetry.span('seven', () => 7) }))`,
  )
  // It also ends by itself: no timer keeps it.
  expect(JSON.parse(app.run('node', 'import.mjs'))).toEqual({ ready: false, changed: [], seven: 7 })
})
