/** What is kept while pages end in all the ways they can, against a server that says exactly what it got: nothing lost uncounted, nothing twice. */
import { type BrowserContext, type Page, expect, test as base } from '@playwright/test'

import { type CollectingServer, startCollecting } from '../support/collecting'
import { type Telemetry, arrived, holdAnswers, lost, offlinePage, open as openAt, record, repeated, stored } from '../support/offline'

declare const telemetry: Telemetry

let folder: string
base.beforeAll(async () => {
  folder = await offlinePage('offline-pages')
})

const test = base.extend<{ server: CollectingServer }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright wants to see one
  server: async ({}, use) => {
    const server = await startCollecting(folder)
    await use(server)
    await server.close()
  },
})

const open = (page: Page, server: CollectingServer): Promise<void> => openAt(page, { url: server.origin })

/** Leaves `page` by a script of its own. */
async function leave(page: Page): Promise<void> {
  await page.evaluate(() => {
    location.href = 'about:blank'
  })
  await page.waitForURL('about:blank')
}

/** Has `page` keep 200 spans of that prefix and begin to send them; it waits for an answer until that is let go of. */
async function sendKept(page: Page, server: CollectingServer, prefix: string): Promise<() => void> {
  await page.context().setOffline(true)
  await record(page, prefix, 200)
  // All of it: what is not kept yet dies with the page.
  await expect.poll(() => stored(page)).toBeGreaterThan(2)
  await expect.poll(() => page.evaluate(() => telemetry.stats().queued)).toBe(0)
  const release = holdAnswers(server)
  await page.context().setOffline(false)
  await expect.poll(() => arrived(server, prefix).size).toBeGreaterThan(0)
  return release
}

/** Ends the process of `page`, which hears nothing of it. */
async function crash(page: Page): Promise<void> {
  const crashed = page.waitForEvent('crash')
  const devtools = await page.context().newCDPSession(page)
  void devtools.send('Page.crash').catch(() => {})
  await crashed
  await page.close()
}

const refuseDatabase = (context: BrowserContext): Promise<unknown> =>
  context.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('private', 'SecurityError')
    }
  })

for (const underway of [false, true]) {
  test(`where IndexedDB is refused, what is lost is counted exactly, ${underway ? 'while exports are on their way' : 'of a page left at once'}`, async ({ server, context }) => {
    await refuseDatabase(context)
    const page = await context.newPage()
    await page.goto(server.origin)
    await page.waitForFunction(() => telemetry.ready)
    await record(page, 'private', 1)
    await expect.poll(() => arrived(server, 'private').size).toBe(1)
    const release = underway ? holdAnswers(server) : () => {}
    await record(page, 'closing', underway ? 300 : 0)
    // The server has them, and the browser does not know.
    if (underway) await expect.poll(() => arrived(server, 'closing').size).toBeGreaterThan(0)
    const early = arrived(server, 'closing').size
    await page.evaluate((count) => {
      for (let i = 0; i < count; i++) telemetry.startSpan(`closing at once ${i}`, { parent: null, attributes: { pad: 'x'.repeat(1000) } }).end()
      telemetry.startSpan('closing error', { parent: null }).error(new Error('last')).end()
      location.href = 'about:blank'
    }, underway ? 0 : 300)
    await page.waitForURL('about:blank')
    release()
    await expect.poll(() => arrived(server, 'closing').size + lost(server, 'page_closed')).toBeGreaterThanOrEqual(301)
    // The budget of a page that goes was used, and for the most important first; what was on its way may have nearly all of it.
    await expect.poll(() => arrived(server, 'closing').has('closing error')).toBe(true)
    await expect.poll(() => arrived(server, 'closing').size).toBeGreaterThan(early + (underway ? 1 : 20))
    // Once more through the same server: what was sent before has been seen by now.
    const next = await context.newPage()
    await next.goto(server.origin)
    await next.waitForFunction(() => telemetry.ready)
    await record(next, 'after', 1)
    await expect.poll(() => arrived(server, 'after').size).toBe(1)
    expect(arrived(server, 'closing').size + lost(server, 'page_closed')).toBe(301)
    expect(repeated(arrived(server, 'closing'))).toEqual([])
  })
}

for (const refused of [false, true]) {
  test(`what is left while nobody knows whether there is a database is sent by the next page, ${refused ? 'even if that is refused one' : 'which has one'}`, async ({ server, context }) => {
    const page = await context.newPage()
    await page.addInitScript(() => {
      // It is being opened, for as long as there is the page.
      IDBFactory.prototype.open = () => Object.create(IDBOpenDBRequest.prototype, { onsuccess: { writable: true }, onerror: { writable: true }, onupgradeneeded: { writable: true } }) as IDBOpenDBRequest
    })
    await page.goto(server.origin)
    await page.waitForFunction(() => telemetry.ready)
    // The store is at work once metrics are, which it has loaded before it opens anything.
    await expect.poll(() => page.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('keeper')))).toBe(true)
    await page.evaluate(async () => {
      await telemetry.flush()
      for (let i = 0; i < 300; i++) telemetry.startSpan(`opening ${i}`, { parent: null, attributes: { pad: 'x'.repeat(1000) } }).end()
    })
    await leave(page)
    if (refused) await refuseDatabase(context)
    const next = await context.newPage()
    await next.goto(server.origin)
    await expect.poll(() => arrived(server, 'opening').size).toBe(300)
    expect(repeated(arrived(server, 'opening'))).toEqual([])
    await expect.poll(() => next.evaluate(() => localStorage.length)).toBe(0)
  })
}

test('what a page should have written at the end, and has not, is counted by the next', async ({ server, context }) => {
  const page = await context.newPage()
  await open(page, server)
  // As a page leaves it of which the database has taken nothing any more.
  await page.evaluate(() => localStorage.setItem(`aetherterm-telemetry ${location.origin}/v1/traces ${Date.now()} 0.5`, '0,7,'))
  await leave(page)
  const next = await context.newPage()
  await open(next, server)
  await expect.poll(() => next.evaluate(() => telemetry.stats().dropped)).toEqual({ page_closed: 7 })
  await next.evaluate(() => telemetry.flush())
  await expect.poll(() => lost(server, 'page_closed')).toBe(7)
  expect(await next.evaluate(() => localStorage.length)).toBe(0)
})

test('what is on its way as a page is left is not sent again by the next', async ({ server, context }) => {
  const page = await context.newPage()
  await open(page, server)
  const release = holdAnswers(server)
  await record(page, 'way', 300)
  await expect.poll(() => arrived(server, 'way').size).toBeGreaterThan(0)
  await leave(page)
  release()
  const next = await context.newPage()
  await open(next, server)
  await expect.poll(() => arrived(server, 'way').size).toBe(300)
  await expect.poll(() => stored(next)).toBe(0)
  expect(repeated(arrived(server, 'way'))).toEqual([])
})

for (const told of [true, false]) {
  test(`what was kept and is on its way as a page is left is not sent again by the next${told ? '' : ', even if the database does not hear of it any more'}`, async ({ server, context }) => {
    const page = await context.newPage()
    await open(page, server)
    const release = await sendKept(page, server, 'kept')
    await page.evaluate((told) => {
      // As a transaction ends that has begun when a tab is closed.
      if (!told) IDBObjectStore.prototype.delete = () => { throw new DOMException('closed', 'AbortError') }
      location.href = 'about:blank'
    }, told)
    await page.waitForURL('about:blank')
    release()
    const next = await context.newPage()
    await open(next, server)
    await expect.poll(() => arrived(server, 'kept').size).toBe(200)
    await expect.poll(() => stored(next)).toBe(0)
    expect(repeated(arrived(server, 'kept'))).toEqual([])
    await expect.poll(() => next.evaluate(() => localStorage.length)).toBe(0)
  })
}

for (const locks of [true, false]) {
  test(`a page whose process dies while it sends does not keep another from it, ${locks ? 'with Web Locks' : 'without them, when its lease is over'}`, async ({ server, context }) => {
    if (!locks) await context.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }))
    const first = await context.newPage()
    await open(first, server)
    const release = await sendKept(first, server, 'dying')
    await crash(first)
    const half = new Set(arrived(server, 'dying').keys())
    release()
    // A page for which the lease is over, instead of a test that waits for it.
    const second = await context.newPage()
    if (!locks) {
      await second.addInitScript(() => {
        const { now } = performance
        performance.now = () => now.call(performance) + 16_000
      })
    }
    await open(second, server)
    await expect.poll(() => arrived(server, 'dying').size).toBe(200)
    await expect.poll(() => stored(second)).toBe(0)
    // Only what a process has died over may come again.
    expect(repeated(arrived(server, 'dying')).filter((name) => !half.has(name))).toEqual([])
  })
}

test('a lease that is not over is waited for', async ({ server, context }) => {
  await context.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }))
  const first = await context.newPage()
  await open(first, server)
  const release = await sendKept(first, server, 'lease')
  const sent = server.exports.length
  const second = await context.newPage()
  await open(second, server)
  await second.evaluate(() => telemetry.flush())
  // The second page has looked, and sends nothing of what the first is at.
  expect(repeated(arrived(server, 'lease'))).toEqual([])
  expect(server.exports.length).toBe(sent)
  release()
  await expect.poll(() => arrived(server, 'lease').size).toBe(200)
  await expect.poll(() => stored(first)).toBe(0)
  expect(repeated(arrived(server, 'lease'))).toEqual([])
})

test('when the quota of the browser is used up the page keeps what it can, and nothing is lost while it lives', async ({ server, context }) => {
  const page = await context.newPage()
  await open(page, server)
  const devtools = await context.newCDPSession(page)
  await devtools.send('Storage.overrideQuotaForOrigin', { origin: server.origin, quotaSize: 1 })
  await context.setOffline(true)
  await record(page, 'quota', 300)
  await expect.poll(() => page.evaluate(() => telemetry.stats().queued)).toBe(0)
  expect(await stored(page)).toBe(0)
  await context.setOffline(false)
  await expect.poll(() => arrived(server, 'quota').size).toBe(300)
  expect(repeated(arrived(server, 'quota'))).toEqual([])
  expect(await page.evaluate(() => telemetry.stats().dropped)).toEqual({})
})

test('what was kept for too long is dropped by the next page, and told of', async ({ server, context }) => {
  const page = await context.newPage()
  await open(page, server)
  await context.setOffline(true)
  await record(page, 'old', 100)
  await expect.poll(() => stored(page)).toBeGreaterThan(0)
  await expect.poll(() => page.evaluate(() => telemetry.stats().queued)).toBe(0)
  // Its process dies: nothing is sent or kept at the end.
  await crash(page)
  await context.setOffline(false)
  const next = await context.newPage()
  await next.addInitScript(() => Object.assign(globalThis, { limits: { maxAgeMs: 1 } }))
  await openAt(next, { url: server.origin })
  await expect.poll(() => next.evaluate(() => telemetry.stats().dropped['expired'] ?? 0)).toBe(100)
  expect(await stored(next)).toBe(0)
  await next.evaluate(() => telemetry.flush())
  await expect.poll(() => lost(server, 'expired')).toBe(100)
  expect(arrived(server, 'old').size).toBe(0)
})
