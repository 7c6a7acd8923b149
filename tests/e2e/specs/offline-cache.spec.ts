/** The browser's back/forward cache, which Playwright switches off unless told otherwise. */
import { type BrowserContext, type Page, expect, test } from '@playwright/test'

import { type CollectingServer, startCollecting } from '../support/collecting'
import { type Telemetry, arrived, holdAnswers, keeps, offlinePage, open, record, repeated, stored } from '../support/offline'

declare const telemetry: Telemetry

interface Compression {
  /** How many wait for it. */
  held: number
  release(): void
}
declare const compression: Compression

/** Runs in a page: nothing is compressed before it is released. */
function holdCompression(): void {
  const Real = CompressionStream
  let release = (): void => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  const compression: Compression = { held: 0, release }
  const Held = function (format: CompressionFormat) {
    compression.held++
    const real = new Real(format)
    const gate = new TransformStream({ transform: async (chunk, controller) => (await released, controller.enqueue(chunk)) })
    void gate.readable.pipeTo(real.writable)
    return { readable: real.readable, writable: gate.writable }
  }
  Object.assign(globalThis, { compression, CompressionStream: Held })
}

test.use({ launchOptions: async ({ launchOptions }, use) => use({ ...launchOptions, ignoreDefaultArgs: ['--disable-back-forward-cache'] }) })

/** A page that was left while something was on its way, and has come back from the cache; undefined where Chromium has not kept it. */
async function comeBack(context: BrowserContext, server: CollectingServer): Promise<Page | undefined> {
  const page = await context.newPage()
  await page.addInitScript(() => addEventListener('pageshow', ({ persisted }) => Object.assign(globalThis, { cameBack: persisted })))
  await open(page, { url: server.origin })
  const release = holdAnswers(server)
  await record(page, 'cached', 200)
  await expect.poll(() => arrived(server, 'cached').size).toBeGreaterThan(0)
  release()
  await page.goto(`${server.origin}/elsewhere.html`)
  await page.goBack({ waitUntil: 'commit' })
  return (await page.evaluate(() => (globalThis as { cameBack?: boolean }).cameBack)) ? page : undefined
}

test('a page that comes back goes on, and what it kept is sent once', async ({ browser }) => {
  // Chromium does not always keep a page, for reasons that it keeps to itself ("masked").
  for (let attempt = 0; attempt < 5; attempt++) {
    const context = await browser.newContext()
    const server = await startCollecting(await offlinePage('offline-cache'))
    const page = await comeBack(context, server)
    if (page) {
      await record(page, 'back', 5)
      await expect.poll(() => arrived(server, 'back').size).toBe(5)
      await expect.poll(() => arrived(server, 'cached').size).toBe(200)
      await keeps(page)
      await expect.poll(() => stored(page)).toBe(0)
      expect(repeated(arrived(server, 'cached'))).toEqual([])
      expect(await page.evaluate(() => telemetry.stats().dropped)).toEqual({})
    }
    await context.close()
    await server.close()
    if (page) return
  }
  throw new Error('no page came back from the cache')
})

test('what was being compressed as a page was left is sent when it comes back', async ({ context }) => {
  const server = await startCollecting(await offlinePage('offline-cache-compressed'))
  const page = await context.newPage()
  await page.addInitScript(holdCompression)
  await open(page, { url: server.origin })
  await context.setOffline(true)
  await record(page, 'held', 200)
  await expect.poll(() => page.evaluate(() => telemetry.stats().queued)).toBe(0)
  await context.setOffline(false)
  // The first request of the database.
  await expect.poll(() => page.evaluate(() => compression.held)).toBe(1)
  await page.goto(`${server.origin}/elsewhere.html`)
  await page.goBack({ waitUntil: 'commit' })
  await page.evaluate(() => compression.release())
  await expect.poll(() => arrived(server, 'held').size).toBe(200)
  await expect.poll(() => stored(page)).toBe(0)
  await server.close()
})
