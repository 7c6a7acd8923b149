/** What cannot be sent at once arrives later, once, or is counted: a real browser, the real server and its store. */
import { gunzipSync } from 'node:zlib'

import { type BrowserContext, type Page, expect, test as base } from '@playwright/test'

import { type Telemetry, offlinePage, open, record, repeated, seen, stored } from '../support/offline'
import { type Server, startServer } from '../support/server'
import { waitForSpans } from '../support/traces'

declare const telemetry: Telemetry

let folder: string
base.beforeAll(async () => {
  folder = await offlinePage('offline-page')
})

const test = base.extend<{ server: Server }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright wants to see one
  server: async ({}, use) => {
    const server = await startServer({ AETHERTERM_WEB_DIR: folder })
    await use(server)
    await server.stop()
  },
})

/** What was posted to a path so far, as one text; compressed or not, attribute values of metrics are to be found. */
function bodiesOf(context: BrowserContext, path: string): () => string {
  const bodies: Buffer[] = []
  context.on('request', (request) => {
    const body = request.url().endsWith(path) ? request.postDataBuffer() : null
    if (body) bodies.push(body[0] === 0x1f ? gunzipSync(body) : body)
  })
  return () => Buffer.concat(bodies).toString('latin1')
}

test('recorded offline, sent by the next page, once', async ({ server, page, context }) => {
  await open(page, server)
  await context.setOffline(true)
  await record(page, 'offline', 20)
  await page.reload().catch(() => {})
  await context.setOffline(false)
  await open(page, server)
  await waitForSpans(server, (spans) => (new Set(spans.filter(({ name }) => name.startsWith('offline')).map(({ name }) => name)).size === 20 ? true : undefined), 'what was recorded offline')
  await expect.poll(() => stored(page)).toBe(0)
  expect([...(await seen(server, 'offline')).values()]).toEqual(Array<number>(20).fill(1))
})

test('recorded offline, sent when the browser is online again', async ({ server, page, context }) => {
  await open(page, server)
  await context.setOffline(true)
  await record(page, 'again', 5)
  await context.setOffline(false)
  await expect.poll(async () => (await seen(server, 'again')).size).toBe(5)
})

for (const locks of [true, false]) {
  test(`two pages send what is kept once, ${locks ? 'with Web Locks' : 'without them'}`, async ({ server, context }) => {
    if (!locks) await context.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }))
    const first = await context.newPage()
    await open(first, server)
    await context.setOffline(true)
    await record(first, 'tabs', 300)
    // More than one request, so that there is something to share.
    await expect.poll(() => stored(first)).toBeGreaterThan(2)
    expect((await seen(server, 'tabs')).size).toBe(0)
    await first.reload().catch(() => {})
    const second = await context.newPage()
    await context.setOffline(false)
    await Promise.all([open(first, server), open(second, server)])
    await expect.poll(async () => (await seen(server, 'tabs')).size, { timeout: 40_000 }).toBe(300)
    await expect.poll(() => stored(first)).toBe(0)
    expect(repeated(await seen(server, 'tabs'))).toEqual([])
  })
}

/** Ways for a page to end. */
const ENDINGS = {
  'left for another': (page: Page) =>
    page
      .evaluate(() => {
        location.href = 'about:blank'
      })
      .then(() => page.waitForURL('about:blank')),
  closed: (page: Page) => page.close({ runBeforeUnload: true }),
}

for (const [how, end] of Object.entries(ENDINGS)) {
  test(`a page ${how} with more than its budget: the most important at once, everything with the next page`, async ({ server, context }) => {
    const page = await context.newPage()
    await open(page, server)
    await page.evaluate(() => {
      for (let i = 0; i < 300; i++) telemetry.startSpan(`closed ${i}`, { parent: null, attributes: { pad: 'x'.repeat(1000) } }).end()
      telemetry.startSpan('closed error', { parent: null }).error(new Error('last')).end()
    })
    await end(page)
    await expect.poll(async () => (await seen(server, 'closed')).has('closed error')).toBe(true)
    const next = await context.newPage()
    await open(next, server)
    await expect.poll(async () => (await seen(server, 'closed')).size).toBe(301)
    await expect.poll(() => stored(next)).toBe(0)
    expect(repeated(await seen(server, 'closed'))).toEqual([])
  })
}

test('a page that is killed loses no more than what was recorded last', async ({ server, context }) => {
  const page = await context.newPage()
  await open(page, server)
  await context.setOffline(true)
  await record(page, 'killed', 400)
  // Written as it is recorded, not at the end: there is none.
  await expect.poll(() => stored(page)).toBeGreaterThan(5)
  await expect.poll(() => page.evaluate(() => telemetry.stats().queued)).toBe(0)
  await page.close({ runBeforeUnload: false })
  await context.setOffline(false)
  const next = await context.newPage()
  await open(next, server)
  await expect.poll(async () => (await seen(server, 'killed')).size).toBe(400)
  expect(repeated(await seen(server, 'killed'))).toEqual([])
})

test('a backend that fails is tried again, by the page that was there and in the order of what was recorded', async ({ server, context }) => {
  const page = await context.newPage()
  await open(page, server)
  let failing = true
  let tried = 0
  await context.route('**/v1/traces', async (route) => {
    tried++
    if (failing) await route.fulfill({ status: 503, headers: { 'retry-after': '1' } })
    else await route.continue()
  })
  await record(page, 'busy', 100)
  await expect.poll(() => stored(page)).toBeGreaterThan(0)
  await expect.poll(() => tried).toBeGreaterThan(1)
  expect((await seen(server, 'busy')).size).toBe(0)
  failing = false
  await expect.poll(async () => (await seen(server, 'busy')).size, { timeout: 30_000 }).toBe(100)
  await expect.poll(() => stored(page)).toBe(0)
  expect(repeated(await seen(server, 'busy'))).toEqual([])
  const { exported, dropped } = await page.evaluate(() => telemetry.stats())
  expect(exported.traces).toBeGreaterThanOrEqual(100)
  expect(dropped).toEqual({})
})

test('what is kept is bounded, the oldest goes first and is told of', async ({ server, context }) => {
  const page = await context.newPage()
  await page.addInitScript(() => Object.assign(globalThis, { limits: { maxBytes: 1 << 17 } }))
  const metrics = bodiesOf(context, '/v1/metrics')
  await open(page, server)
  await context.setOffline(true)
  await record(page, 'bounded', 600)
  await expect.poll(() => page.evaluate(() => telemetry.stats().dropped['storage_full'] ?? 0)).toBeGreaterThan(300)
  await expect.poll(() => page.evaluate(() => telemetry.stats().queuedBytes)).toBe(0)
  await context.setOffline(false)
  await expect.poll(() => stored(page)).toBe(0)
  const lost = await page.evaluate(() => telemetry.stats().dropped['storage_full']!)
  const arrived = (await seen(server, 'bounded')).size
  // Metrics that tell of it are dropped with the others while there is no room.
  expect(lost + arrived).toBeGreaterThanOrEqual(600)
  expect(lost + arrived).toBeLessThan(610)
  expect((await seen(server, 'bounded')).has('bounded 599')).toBe(true)
  expect((await seen(server, 'bounded')).has('bounded 0')).toBe(false)
  await page.evaluate(() => telemetry.flush())
  await expect.poll(() => metrics()).toContain('storage_full')
})
