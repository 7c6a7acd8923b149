/** Fresh applications install the package, are built, load in a browser, and have one trace for what a person does. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Page } from '@playwright/test'

import { type App, create, edit, writeAll } from '../support/app'
import { type Shop, busy, imported, joined, order } from '../support/shop'
import { expect, test } from '../support/test'

const subpaths = ({ entries }: App) => entries.map(({ subpath }) => subpath)

/** Vite's own server for an application, with the shop behind it. */
async function develop(app: App, shop: Shop): Promise<{ url: string; process: ChildProcess }> {
  const proxy = Object.fromEntries(['/socket.io', '/v1', '/api'].map((path) => [path, { target: shop.origin, ws: true }]))
  const serve = `import { createServer } from 'vite'
const server = await createServer({ logLevel: 'error', server: { host: '127.0.0.1', port: 0, proxy: ${JSON.stringify(proxy)} } })
await server.listen()
console.log(server.resolvedUrls.local[0] ?? server.resolvedUrls.network[0])`
  const process = spawn(globalThis.process.execPath, ['--input-type=module', '--eval', serve], { cwd: app.folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const [chunk] = (await once(process.stdout, 'data')) as [Buffer]
  return { url: chunk.toString().trim(), process }
}

/** An order in the page as Vite's own server has it. */
async function orderWhileDeveloping(app: App, shop: Shop, page: Page): Promise<void> {
  const vite = await develop(app, shop)
  try {
    await order(page, vite.url, shop)
    expect(await imported(page)).toEqual(subpaths(app))
  } finally {
    vite.process.kill()
  }
}

test('Vite with Vue, router and Pinia, named by a variable, built and while developing', async ({ packed, openShop, page }) => {
  const app = create(packed, 'vite-vue')
  expect(subpaths(app)).toEqual(packed.entries.flatMap(({ tool, subpath }) => (tool ? [] : [subpath])))
  writeAll(app, 'src/all.js')
  writeFileSync(join(app.folder, '.env'), 'VITE_TELEMETRY_SERVICE_NAME=shop-web\n')
  app.run('npm', 'run', 'build')
  const shop = await openShop(app.folder)
  await order(page, shop.origin, shop)
  expect(await imported(page)).toEqual(subpaths(app))
  await busy(page)
  await orderWhileDeveloping(app, await openShop(app.folder), page)
})

test('Vite without Vue, below another path and while developing', async ({ packed, openShop, page }) => {
  const app = create(packed, 'vite')
  expect(subpaths(app)).toContain('.')
  expect(subpaths(app)).not.toContain('./vue')
  writeAll(app, 'src/all.js')
  app.run('npm', 'run', 'build', '--', '--base=/shop/', '--outDir=dist/shop')
  const shop = await openShop(app.folder)
  await order(page, `${shop.origin}/shop/`, shop)
  expect(await imported(page)).toEqual(subpaths(app))
  await busy(page)

  await orderWhileDeveloping(app, await openShop(app.folder), page)
})

test('webpack, below a path it was not told of', async ({ packed, openShop, page }) => {
  const app = create(packed, 'webpack')
  writeAll(app, 'src/all.js')
  expect(app.run('npm', 'run', 'build')).not.toMatch(/warning|error/i)
  renameSync(join(app.folder, 'dist'), join(app.folder, 'built'))
  mkdirSync(join(app.folder, 'dist'))
  renameSync(join(app.folder, 'built'), join(app.folder, 'dist/shop'))
  const shop = await openShop(app.folder)
  await order(page, `${shop.origin}/shop/`, shop)
  expect(await imported(page)).toEqual(subpaths(app))
  await busy(page)
})

test('a page without a bundler', async ({ packed, openShop, page }) => {
  const app = create(packed, 'plain')
  writeAll(app, 'all.js')
  const imports = {
    ...Object.fromEntries(app.entries.map(({ specifier, file }) => [specifier, `./vendor/telemetry/${file}`])),
    'socket.io-client': './vendor/socket.io-client/dist/socket.io.esm.min.js',
  }
  edit(app, 'index.html', '<!-- import map -->', `<script type="importmap">${JSON.stringify({ imports })}</script>`)
  for (const file of ['index.html', 'main.js', 'all.js']) cpSync(join(app.folder, file), join(app.folder, 'dist/shop', file))
  cpSync(join(app.folder, 'node_modules', packed.name), join(app.folder, 'dist/shop/vendor/telemetry'), { recursive: true })
  cpSync(join(app.folder, 'node_modules/socket.io-client'), join(app.folder, 'dist/shop/vendor/socket.io-client'), { recursive: true })
  const shop = await openShop(app.folder)
  await order(page, `${shop.origin}/shop/`, shop)
  expect(await imported(page)).toEqual(subpaths(app))
  await busy(page)
})

test('Vitest with jsdom', async ({ packed, openShop }) => {
  const app = create(packed, 'jsdom')
  writeAll(app, 'src/all.js')
  const shop = await openShop(app.folder)
  expect(app.run('env', `SHOP=${shop.origin}`, 'npm', 'test')).toMatch(/1 passed/)
  await joined(shop)
})
