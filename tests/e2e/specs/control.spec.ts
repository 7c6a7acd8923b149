/** What the page and the server decide about a page's telemetry: sessions, sampling, scrubbing, the kill switch, and what a page does without WebAssembly. */
import type { Page } from '@playwright/test'

import { type CollectingServer, buildPage, startCollecting } from '../support/collecting'
import { goTo, openTerminal, screen, typeLine } from '../support/page'
import { type Server, startServer } from '../support/server'
import { expect, test } from '../support/test'
import { FRONTEND, type Span, allSpans, waitForSpans } from '../support/traces'

const INDEX = '<!doctype html><meta charset="utf-8"><title>page</title><h1>A page</h1><script type="module" src="./main.ts"></script>'

const MAIN = `
import { globalAttributes, userContext } from '@aetherterm/telemetry/attributes'
import { beforeSend } from '@aetherterm/telemetry/before-send'
import { createTelemetry } from '@aetherterm/telemetry/core'
import { fetchInstrumentation } from '@aetherterm/telemetry/fetch'
import { remoteConfig } from '@aetherterm/telemetry/remote-config'
import { session } from '@aetherterm/telemetry/session'

const user = userContext()
const visit = session({ keep: 'shared' })
const telemetry = createTelemetry({
  serviceName: 'page',
  scheduledDelayMs: 50,
  instrumentations: [
    remoteConfig(),
    visit,
    user,
    globalAttributes({ tenant: 'a' }),
    beforeSend((item) => {
      if (item.attributes.broken) throw new Error('a mistake of the application')
      if (item.signal === 'traces' && item.name === 'unwanted') return false
      if ('pet' in item.attributes) item.attributes.pet = 'hidden'
    }),
    fetchInstrumentation(),
  ],
})
Object.assign(globalThis, { telemetry, user, visit })
document.title = 'ready'
`

/** What the page has put on its window. */
interface Globals {
  telemetry: {
    ready: Promise<boolean>
    span<T>(name: string, options: object, fn: (span: { sampled: boolean }) => T): T
    flush(): Promise<void>
    stats(): { state: string; dropped: Record<string, number> }
  }
  user: { setUser(user?: { id: string }): void }
  visit: { id: string; sampled: boolean; end(): void }
}

let folder: string

test.beforeAll(async () => {
  folder = await buildPage('control-page', { 'index.html': INDEX, 'main.ts': MAIN })
})

/** Records a span in the page; says whether it was recorded. */
const probe = (page: Page, name: string, attributes: Record<string, unknown> = {}): Promise<boolean> =>
  page.evaluate(([name, attributes]) => (globalThis as unknown as Globals).telemetry.span(name, { attributes }, (span) => span.sampled), [name, attributes] as const)
const flush = (page: Page): Promise<void> => page.evaluate(() => (globalThis as unknown as Globals).telemetry.flush())
const stats = (page: Page) => page.evaluate(() => (globalThis as unknown as Globals).telemetry.stats())
const own = (spans: Span[]): Span[] => spans.filter((span) => span.service === 'page')

/** Whatever the page says about itself on the console. */
const said = (page: Page): string[] => {
  const found: string[] = []
  page.on('console', (message) => message.text().includes('[aetherterm telemetry]') && found.push(message.text()))
  page.on('pageerror', (error) => found.push(`uncaught: ${error.message}`))
  return found
}

/** A server with these settings that serves the page of this file. */
const serve = async (env: Record<string, string>, act: (server: Server) => Promise<void>): Promise<void> => {
  const server = await startServer({ AETHERTERM_WEB_DIR: folder, ...env })
  try {
    await act(server)
  } finally {
    await server.stop()
  }
}

test('the session outlives a reload, and another visitor has another one', async ({ server, page, browser }) => {
  const sessions = (spans: Span[]) => new Set(spans.filter((span) => span.service === FRONTEND).map((span) => String(span.tags['session.id'])))
  const connections = (spans: Span[]) => spans.filter((span) => span.service === FRONTEND && span.name === 'connect /').length
  await openTerminal(page, server)
  await waitForSpans(server, (spans) => connections(spans) === 1 || undefined, 'the first connection')
  await page.reload()
  await expect(screen(page)).toContainText(/[$#]/)
  const [first] = await waitForSpans(server, (spans) => (connections(spans) === 2 ? [...sessions(spans)] : undefined), 'the connection after the reload')
  expect(first).toMatch(/^[0-9a-f]{32}$/)
  expect(sessions(await allSpans(server)).size).toBe(1)

  const stranger = await browser.newContext()
  try {
    await openTerminal(await stranger.newPage(), server)
    await waitForSpans(server, (spans) => connections(spans) === 3 || undefined, 'the connection of somebody else')
  } finally {
    await stranger.close()
  }
  expect(sessions(await allSpans(server)).size).toBe(2)
})

test.describe('a rule for one event', () => {
  test.use({ serverEnv: { AETHER_TELEMETRY_PAGE_RULES: 'event:terminal:input=0' } })

  test('leaves out its traces, on the server too, and no others', async ({ server, page }) => {
    const told = page.waitForResponse((response) => response.url().endsWith('/v1/config'))
    await openTerminal(page, server)
    expect((await told).status()).toBe(200)
    await typeLine(page, 'echo $((6*7))')
    await expect(screen(page)).toContainText('42')
    await goTo(page, 'monitor')
    const spans = await waitForSpans(
      server,
      (spans) => (spans.some(({ name }) => name === 'navigate /monitor') && spans.some(({ name }) => name === 'send terminal:create') ? spans : undefined),
      'what the rule does not mean',
    )
    expect(spans.filter(({ name }) => name.endsWith(' terminal:input')).map(({ service }) => service)).toEqual([])
  })
})

test('remote sampling 0 holds at once, and from the beginning of the next page view', async ({ page }) => {
  await serve({ AETHER_TELEMETRY_PAGE_SAMPLE_RATIO: '0' }, async (server) => {
    await page.goto(server.url)
    await expect.poll(() => probe(page, 'probe')).toBe(false)
    await page.reload()
    // The very first span, before anything was asked.
    expect(await probe(page, 'after the reload')).toBe(false)
    await flush(page)
    expect(own(await allSpans(server)).map(({ name }) => name)).not.toContain('after the reload')
  })
})

test('remote session sampling leaves whole sessions out, from the next one on', async ({ page }) => {
  await serve({ AETHER_TELEMETRY_PAGE_SESSION_RATIO: '0' }, async (server) => {
    await page.goto(server.url)
    await expect.poll(() => page.evaluate(() => localStorage.getItem('aetherterm.config'))).toContain('sessionRatio')
    // The one that began before the answer goes on as it began.
    expect(await probe(page, 'in')).toBe(true)
    await page.evaluate(() => (globalThis as unknown as Globals).visit.end())
    expect(await probe(page, 'out')).toBe(false)
    await page.reload()
    expect(await probe(page, 'still out')).toBe(false)
  })
})

test('the kill switch ends telemetry in the page, and keeps it off in the next one', async ({ page }) => {
  const messages = said(page)
  const exports: string[] = []
  page.on('request', (request) => request.method() === 'POST' && request.url().includes('/v1/') && exports.push(request.url()))
  await serve({ AETHER_TELEMETRY_PAGE_ENABLED: 'false' }, async (server) => {
    await page.goto(server.url)
    await expect.poll(async () => (await stats(page)).state).toBe('disabled')
    // `fetch` is the browser's own again.
    expect(await page.evaluate(() => String(fetch))).toContain('native code')
    exports.length = 0
    await page.reload()
    expect(await page.evaluate(() => String(fetch))).toContain('native code')
    expect((await stats(page)).state).toBe('disabled')
    expect(await probe(page, 'killed')).toBe(false)
    await page.evaluate(() => (globalThis as unknown as Globals).telemetry.ready)
    await flush(page)
    await page.goto('about:blank')
    expect(own(await allSpans(server)).map(({ name }) => name)).not.toContain('killed')
  })
  expect(exports).toEqual([])
  expect(messages).toEqual([])
})

test('an instrumentation that the server switches off is undone', async ({ page }) => {
  await serve({ AETHER_TELEMETRY_PAGE_INSTRUMENTATIONS: 'fetch=false' }, async (server) => {
    await page.goto(server.url)
    await expect.poll(() => page.evaluate(() => String(fetch))).toContain('native code')
    expect(await probe(page, 'still here')).toBe(true)
    await flush(page)
    await waitForSpans(server, (spans) => own(spans).find(({ name }) => name === 'still here'), 'the span beside it')
  })
})

test('beforeSend scrubs and drops, after session, user and global attributes are there', async ({ page }) => {
  const messages = said(page)
  await serve({}, async (server) => {
    await page.goto(server.url)
    expect(await page.evaluate(() => (globalThis as unknown as Globals).telemetry.ready)).toBe(true)
    await page.evaluate(() => (globalThis as unknown as Globals).user.setUser({ id: '7' }))
    await probe(page, 'sign in', { pet: 'hunter2' })
    await probe(page, 'unwanted')
    for (let i = 0; i < 3; i++) await probe(page, 'broken', { broken: true })
    await page.evaluate(() => (globalThis as unknown as Globals).user.setUser())
    await probe(page, 'signed out')
    await flush(page)
    const spans = await waitForSpans(server, (spans) => (own(spans).some(({ name }) => name === 'signed out') ? own(spans) : undefined), 'the last span')
    const named = (name: string) => spans.find((span) => span.name === name)
    expect(named('sign in')!.tags).toMatchObject({ pet: 'hidden', tenant: 'a', 'user.id': '7', 'session.id': await page.evaluate(() => (globalThis as unknown as Globals).visit.id) })
    expect(named('signed out')!.tags).not.toHaveProperty('user.id')
    expect([named('unwanted'), named('broken')]).toEqual([undefined, undefined])
    expect(JSON.stringify(spans)).not.toContain('hunter2')
    expect((await stats(page)).dropped.before_send).toBe(3)
  })
  expect(messages).toHaveLength(1)
  expect(messages[0]).toContain('beforeSend failed')
})

test.describe('a page that cannot have the module', () => {
  let collecting: CollectingServer
  test.afterEach(() => collecting.close())

  /** Nothing is recorded, the page works, and there is one message about it. */
  const isOff = async (page: Page, messages: string[]): Promise<void> => {
    expect(await page.evaluate(() => (globalThis as unknown as Globals).telemetry.ready)).toBe(false)
    expect((await stats(page)).state).toBe('off')
    for (let i = 0; i < 3; i++) await probe(page, 'lost')
    await flush(page)
    expect(await page.evaluate(() => fetch('/api/x').then((response) => response.text()))).toBe('pong')
    await expect(page).toHaveTitle('ready')
    const about = messages.filter((message) => !message.includes('remote config'))
    expect(about).toHaveLength(1)
    expect(about[0]).toContain('telemetry is off')
    expect(collecting.spans).toEqual([])
    expect(collecting.exports.filter(({ path }) => path !== '/v1/config')).toEqual([])
  }

  test('without WebAssembly telemetry is off, which is said once', async ({ page }) => {
    collecting = await startCollecting(folder)
    const messages = said(page)
    await page.addInitScript(() => {
      delete (globalThis as { WebAssembly?: unknown }).WebAssembly
    })
    await page.goto(collecting.origin)
    expect(await page.evaluate(() => typeof WebAssembly)).toBe('undefined')
    await isOff(page, messages)
  })

  test('with a policy that forbids it, too', async ({ page }) => {
    collecting = await startCollecting(folder, "default-src 'self'; script-src 'self'")
    const messages = said(page)
    await page.goto(collecting.origin)
    await isOff(page, messages)
    expect(messages.join()).toContain("'wasm-unsafe-eval'")
  })

  test('an answer to /v1/config that is none changes nothing, and is told once', async ({ page }) => {
    // With the strictest policy that it works under.
    collecting = await startCollecting(folder, "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'")
    const messages = said(page)
    await page.goto(collecting.origin)
    expect(await page.evaluate(() => (globalThis as unknown as Globals).telemetry.ready)).toBe(true)
    await expect.poll(() => messages).toHaveLength(1)
    expect(messages[0]).toContain('remote config')
    expect(await probe(page, 'recorded')).toBe(true)
    await flush(page)
    await expect.poll(() => collecting.spans.map(({ name }) => name)).toContain('recorded')
  })
})
