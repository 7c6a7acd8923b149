/** What cannot be sent at once arrives later, once, or is counted: a real browser, the real server and its store. */
import { gunzipSync } from 'node:zlib'

import { type BrowserContext, type Page, expect, test as base } from '@playwright/test'

import { buildPage, startCollecting } from '../support/collecting'
import { type Server, startServer } from '../support/server'
import { allSpans, waitForSpans } from '../support/traces'

const INDEX = '<!doctype html><meta charset="utf-8"><title>page</title><script type="module" src="./main.ts"></script>'
const MAIN = `
import { createTelemetry } from '@aetherterm/telemetry/core'
import { offlineStore } from '@aetherterm/telemetry/offline'
const telemetry = createTelemetry({ serviceName: 'page', scheduledDelayMs: 20, instrumentations: [offlineStore({ maxBytes: globalThis.maxBytes ?? 1 << 22 })] })
Object.assign(globalThis, { telemetry })
`

interface Telemetry {
  ready: Promise<boolean>
  startSpan(name: string, options?: object): { error(thrown: unknown): { end(): void }; end(): void }
  flush(): Promise<void>
  stats(): { queued: number; queuedBytes: number; exported: { traces: number }; dropped: Record<string, number> }
}
declare const telemetry: Telemetry

let folder: string
base.beforeAll(async () => {
  folder = await buildPage('offline-page', { 'index.html': INDEX, 'main.ts': MAIN })
})

const test = base.extend<{ server: Server }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright wants to see one
  server: async ({}, use) => {
    const server = await startServer({ AETHERTERM_WEB_DIR: folder })
    await use(server)
    await server.stop()
  },
})

/** Opens the page and waits until it keeps what it cannot send. */
async function open(page: Page, server: Server): Promise<void> {
  await page.goto(server.url)
  await page.waitForFunction(() => telemetry.ready)
  await page.waitForFunction(async () => (await indexedDB.databases()).length > 0)
  // Opened after the page's own request, so that one has succeeded by then.
  await stored(page)
}

/** Records spans that take about a kilobyte each. */
const record = (page: Page, prefix: string, count: number): Promise<void> =>
  page.evaluate(
    ([prefix, count]) => {
      for (let i = 0; i < count; i++) {
        const pad = Array.from(crypto.getRandomValues(new Uint8Array(500)), (byte) => byte.toString(16)).join('')
        telemetry.startSpan(`${prefix} ${i}`, { parent: null, attributes: { pad } }).end()
      }
    },
    [prefix, count] as const,
  )

/** How often each span of that prefix is in the store. */
async function seen(server: Server, prefix: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const { name } of await allSpans(server)) if (name.startsWith(prefix)) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/** Requests in the database of this origin. */
const stored = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const { name } = (await indexedDB.databases())[0]!
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open(name!)
      opening.onsuccess = () => resolve(opening.result)
      opening.onerror = () => reject(opening.error)
    })
    return new Promise<number>((resolve) => {
      const count = db.transaction('requests').objectStore('requests').count()
      count.onsuccess = () => {
        db.close()
        resolve(count.result)
      }
    })
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
    expect([...(await seen(server, 'tabs')).values()].filter((count) => count !== 1)).toEqual([])
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
    expect([...(await seen(server, 'closed')).values()].filter((count) => count !== 1)).toEqual([])
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
  expect([...(await seen(server, 'killed')).values()].filter((count) => count !== 1)).toEqual([])
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
  expect([...(await seen(server, 'busy')).values()].filter((count) => count !== 1)).toEqual([])
  const { exported, dropped } = await page.evaluate(() => telemetry.stats())
  expect(exported.traces).toBeGreaterThanOrEqual(100)
  expect(dropped).toEqual({})
})

test('what is kept is bounded, the oldest goes first and is told of', async ({ server, context }) => {
  const page = await context.newPage()
  await page.addInitScript(() => Object.assign(globalThis, { maxBytes: 1 << 17 }))
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

test('where IndexedDB is refused everything else works, and what is lost is counted and told of', async ({ context }) => {
  // The last request of a page is seen by nobody but the one who gets it.
  const server = await startCollecting(folder)
  await context.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('private', 'SecurityError')
    }
  })
  const page = await context.newPage()
  await page.goto(server.origin)
  await page.waitForFunction(() => telemetry.ready)
  await record(page, 'private', 1)
  await expect.poll(() => server.spans.length).toBe(1)
  await page.evaluate(() => {
    for (let i = 0; i < 300; i++) telemetry.startSpan(`closing ${i}`, { parent: null, attributes: { pad: 'x'.repeat(1000) } }).end()
    location.href = 'about:blank'
  })
  await page.waitForURL('about:blank')
  const lost = (): number => server.points.filter(({ attributes }) => attributes['reason'] === 'page_closed').reduce((sum, { value }) => sum + value, 0)
  await expect.poll(lost).toBeGreaterThan(0)
  // Nothing is lost without being counted; what the browser delivers after all may be counted as well.
  await expect.poll(() => new Set(server.spans.map(({ name }) => name)).size + lost()).toBeGreaterThanOrEqual(301)
  await server.close()
})
