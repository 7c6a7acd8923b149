/** The offline store in every browser: what cannot be sent is kept, and goes out once; also by the next page, and by one of two tabs. */
import { type CollectingServer, startCollecting } from '../../e2e/support/collecting'
import { type Telemetry, arrived, countStored, offlinePage, repeated } from '../../e2e/support/offline'
import { type Link, linkTo } from '../support/link'
import { closeLeft, complained, overheard } from '../support/pages'
import type { Tab } from '../support/tab'
import { expect, test as base } from '../support/test'

declare const telemetry: Telemetry

interface Backend extends CollectingServer {
  /** What the browser knows of it, and what can be cut. */
  link: Link
}

const test = base.extend<{ backend: Backend }, { webDir: string }>({
  webDir: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => use(overheard(await offlinePage('browsers-offline'))),
    { scope: 'worker' },
  ],
  backend: async ({ webDir }, use) => {
    const server = await startCollecting(webDir)
    const link = await linkTo(server.origin)
    await use({ ...server, link })
    await link.close()
    await server.close()
  },
})

/** Opens the page and waits until it keeps what it cannot send. */
async function open(tab: Tab, { link }: Backend): Promise<void> {
  await tab.goto(link.origin)
  expect(await tab.evaluate(() => telemetry.ready)).toBe(true)
  await expect.poll(() => stored(tab)).toBeGreaterThanOrEqual(0)
}

const stored = (tab: Tab): Promise<number> => tab.evaluate(countStored)

const record = (tab: Tab, prefix: string, count: number): Promise<void> =>
  tab.evaluate(
    ({ prefix, count }) => {
      for (let i = 0; i < count; i++) telemetry.startSpan(`${prefix} ${i}`, { parent: null, attributes: { pad: 'x'.repeat(1000) } }).end()
    },
    { prefix, count },
  )

/** Records what nobody takes, until it is in the database. */
async function keepSome(tab: Tab, backend: Backend): Promise<void> {
  backend.link.cut()
  await record(tab, 'kept', 300)
  await expect.poll(() => stored(tab)).toBeGreaterThan(2)
  await expect.poll(() => tab.evaluate(() => telemetry.stats().queued)).toBe(0)
}

async function everythingOnce(tab: Tab, backend: Backend): Promise<void> {
  await expect.poll(() => arrived(backend, 'kept').size, { timeout: 40_000 }).toBe(300)
  await expect.poll(() => stored(tab)).toBe(0)
  expect(repeated(arrived(backend, 'kept'))).toEqual([])
}

test('what nobody takes is kept, and sent by the same page', async ({ tab, backend }) => {
  await open(tab, backend)
  await keepSome(tab, backend)
  backend.link.restore()
  await everythingOnce(tab, backend)
  expect(await tab.evaluate(() => telemetry.stats().dropped)).toEqual({})
  expect((await complained(tab)).filter((line) => line.includes('telemetry'))).toEqual([])
})

test('what a tab has kept is sent by others when it is gone, once', async ({ tab, backend }) => {
  const first = await tab.another()
  await open(first, backend)
  await keepSome(first, backend)
  await first.close()
  backend.link.restore()
  await open(tab, backend)
  const second = await tab.another()
  await open(second, backend)
  await everythingOnce(second, backend)
})

test('a page left with more than its budget has told everything after the next one', async ({ tab, backend }) => {
  const first = await tab.another()
  await open(first, backend)
  await first.evaluate(() => addEventListener('pagehide', () => navigator.sendBeacon('/api/left')))
  await record(first, 'kept', 300)
  await first.goto('about:blank')
  await closeLeft(first, backend)
  await open(tab, backend)
  await everythingOnce(tab, backend)
})

test('what a page leaves is sent by one that was there before', async ({ tab, backend }) => {
  const first = await tab.another()
  await open(first, backend)
  await open(tab, backend)
  // Whatever it has found is settled.
  await record(tab, 'before', 1)
  await expect.poll(() => arrived(backend, 'before').size).toBe(1)
  await first.evaluate(() => {
    addEventListener('pagehide', () => navigator.sendBeacon('/api/left'))
    for (let i = 0; i < 300; i++) telemetry.startSpan(`kept ${i}`, { parent: null, attributes: { pad: 'x'.repeat(1000) } }).end()
    location.href = 'about:blank'
  })
  await closeLeft(first, backend)
  await everythingOnce(tab, backend)
})

test('a page that was left and comes back goes on', async ({ tab, backend, browserNamed }) => {
  await open(tab, backend)
  await tab.evaluate(() => addEventListener('pageshow', ({ persisted }) => Object.assign(globalThis, { cameBack: persisted })))
  await record(tab, 'kept', 300)
  await tab.goto(`${backend.link.origin}/elsewhere.html`)
  await tab.back()
  await expect.poll(() => tab.evaluate(() => typeof telemetry).catch(() => '')).toBe('object')
  // As it was, out of the browser's cache: it is the same page. Firefox does not always keep one with requests on their way.
  const cameBack = () => tab.evaluate(() => (globalThis as { cameBack?: boolean }).cameBack)
  if (browserNamed.name === 'firefox') expect(await tab.evaluate(() => telemetry.ready)).toBe(true)
  else await expect.poll(cameBack).toBe(true)
  await record(tab, 'back', 5)
  await expect.poll(() => arrived(backend, 'back').size).toBe(5)
  await everythingOnce(tab, backend)
})
