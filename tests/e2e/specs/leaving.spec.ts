/** A page without the offline store that is left while something is on its way. */
import type { BaseTelemetry } from '@aetherterm/telemetry'

import { expect, test } from '@playwright/test'

import { type CollectingServer, buildPage, startCollecting } from '../support/collecting'

declare const telemetry: BaseTelemetry
declare const goOn: () => void

const FILES = {
  'index.html': '<!doctype html><meta charset="utf-8"><title>leaving</title><script type="module" src="./main.ts"></script>',
  'main.ts': `import { createTelemetry } from '@aetherterm/telemetry/core'
// Compressing takes until it is told to go on.
const gate = new Promise((resolve) => (globalThis.goOn = resolve))
globalThis.CompressionStream = class extends TransformStream {
  constructor() {
    super({ transform: (chunk, controller) => gate.then(() => controller.enqueue(chunk)) })
  }
}
globalThis.telemetry = createTelemetry({ serviceName: 'leaving' })
`,
}

let folder: string
let server: CollectingServer

test.beforeAll(async () => {
  folder = await buildPage('leaving-page', FILES)
})

test.beforeEach(async ({ page }) => {
  server = await startCollecting(folder)
  await page.goto(server.origin)
  expect(await page.evaluate(() => telemetry.ready)).toBe(true)
})

test.afterEach(() => server.close())

test('what is being compressed leaves as it is, once, before what would not fit', async ({ page }) => {
  await page.evaluate(() => {
    const record = (name: string, bytes: number) => telemetry.startSpan(name, { parent: null, attributes: Object.fromEntries(Array.from({ length: bytes / 4000 }, (_, n) => [`pad${n}`, 'x'.repeat(4000)])) }).end()
    record('compressing', 40_000)
    void telemetry.flush()
    return new Promise<void>((asked) => setTimeout(asked)).then(() => record('last', 4000))
  })
  await page.evaluate(() => void (location.href = 'about:blank'))
  await expect.poll(() => server.spans.map(({ name }) => name).sort()).toEqual(['compressing', 'last'])
  expect(server.exports.map(({ headers }) => headers['content-encoding'])).toEqual([undefined, undefined])
})

test('a flush while it is hidden resolves when what has left has its answer', async ({ page }) => {
  let answer!: () => void
  server.pause = new Promise<void>((resolve) => (answer = resolve))
  await page.evaluate(() => {
    telemetry.startSpan('compressing', { attributes: { pad: 'x'.repeat(4000) } }).end()
    const flags = globalThis as unknown as { flushed: boolean }
    flags.flushed = false
    void telemetry.flush().then(() => (flags.flushed = true))
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' })
    return new Promise<void>((asked) => setTimeout(asked)).then(() => void document.dispatchEvent(new Event('visibilitychange', { bubbles: true })))
  })
  const flushed = () => page.evaluate(() => (globalThis as unknown as { flushed: boolean }).flushed)
  await expect.poll(() => server.spans.map(({ name }) => name)).toEqual(['compressing'])
  await page.evaluate(() => goOn())
  expect(await flushed()).toBe(false)
  answer()
  await expect.poll(flushed).toBe(true)
  expect(server.spans).toHaveLength(1)
})
