/** Every instrumentation at once, under a strict content security policy: what the browser offers is recorded, the rest is no error. */
import { type CollectingServer, buildPage, startCollecting } from '../../e2e/support/collecting'
import { complained, overheard } from '../support/pages'
import { expect, test as base } from '../support/test'

const INDEX = `<!doctype html><meta charset="utf-8"><title>page</title><link rel="stylesheet" href="/style.css">
<h1>A page with something to paint</h1><button data-telemetry="order">Order</button><button id="slow">Slow</button><button id="fail">Fail</button>
<script type="module" src="./main.ts"></script>`

const MAIN = `
import { createTelemetry, lazy } from '@aetherterm/telemetry/core'
import { errors } from '@aetherterm/telemetry/errors'
import { fetchInstrumentation } from '@aetherterm/telemetry/fetch'
import { xhr } from '@aetherterm/telemetry/xhr'
import { navigation } from '@aetherterm/telemetry/navigation'
import { documentLoad } from '@aetherterm/telemetry/document-load'
import { interaction } from '@aetherterm/telemetry/interaction'
import { longFrames } from '@aetherterm/telemetry/long-frames'
import { consoleInstrumentation } from '@aetherterm/telemetry/console'
import { csp } from '@aetherterm/telemetry/csp'
import { visibility } from '@aetherterm/telemetry/visibility'
import { websocket } from '@aetherterm/telemetry/websocket'

const telemetry = createTelemetry({
  serviceName: 'page',
  scheduledDelayMs: 50,
  instrumentations: [
    errors(), fetchInstrumentation(), xhr(), documentLoad(), interaction(), longFrames({ thresholdMs: 50 }),
    navigation({ route: (url) => url.pathname.replace(/\\d+/, ':id') }),
    consoleInstrumentation(), csp(), visibility(), websocket(),
    lazy('web-vitals', async () => (await import('@aetherterm/telemetry/web-vitals')).webVitals()),
  ],
})
Object.assign(globalThis, { telemetry })
document.querySelector('[data-telemetry]').addEventListener('click', () => {
  void fetch('/api/order?secret=1')
  const request = new XMLHttpRequest()
  request.open('GET', '/api/old')
  request.send()
})
document.querySelector('#slow').addEventListener('click', () => {
  const end = performance.now() + 200
  while (performance.now() < end);
})
document.querySelector('#fail').addEventListener('click', () => {
  void Promise.reject(new TypeError('nobody handled me'))
  console.warn('careful', { n: 1 })
  document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:9/x.png' }))
  throw new RangeError('nobody caught me')
})
`

declare const telemetry: {
  ready: Promise<boolean>
  stats(): { dropped: Record<string, number> }
  startSpan(name: string, options: { attributes: Record<string, string> }): { end(): void }
}

const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

const test = base.extend<{ server: CollectingServer }, { webDir: string }>({
  webDir: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => use(overheard(await buildPage('browsers-instrumentations', { 'index.html': INDEX, 'main.ts': MAIN }))),
    { scope: 'worker' },
  ],
  server: async ({ webDir, tab }, use) => {
    const server = await startCollecting(webDir, POLICY)
    await tab.goto(server.origin)
    expect(await tab.evaluate(() => telemetry.ready)).toBe(true)
    await use(server)
    await server.close()
  },
})

const log = (server: CollectingServer, event: string) => server.logs.find(({ eventName }) => eventName === event)
const vital = (server: CollectingServer, name: string) => server.logs.find(({ attributes }) => attributes['browser.web_vital.name'] === name)

test('a click and its requests are one trace, which goes on in their headers', async ({ tab, server }) => {
  await tab.click('[data-telemetry=order]')
  const requests = () => server.spans.filter(({ name }) => name === 'GET')
  const clicked = () => server.spans.find(({ name }) => name === 'click')
  await expect.poll(() => requests().length).toBe(2)
  await expect.poll(clicked).toBeTruthy()
  const click = clicked()!
  for (const [path, url] of [
    ['/api/order', '/api/order?REDACTED'],
    ['/api/old', '/api/old'],
  ] as const) {
    const span = requests().find(({ attributes }) => attributes['url.full'] === server.origin + url)
    expect(span, path).toMatchObject({ traceId: click.traceId, parentSpanId: click.spanId, attributes: { 'http.response.status_code': 200 } })
    expect(server.seen.find((one) => one.path === path)?.headers['b3'], path).toBe(`${click.traceId}-${span!.spanId}-1`)
  }
  for (const { headers } of server.exports) {
    expect(headers['b3']).toBeUndefined()
  }
  await tab.evaluate(() => telemetry.startSpan('large', { attributes: { pad: 'x'.repeat(2000) } }).end())
  await expect.poll(() => server.spans.find(({ name }) => name === 'large')).toBeTruthy()
  expect(server.exports.map(({ headers }) => headers['content-encoding'])).toContain('gzip')
  expect(await complained(tab)).toEqual([])
})

test('the load, a navigation and what was painted are recorded', async ({ tab, server }) => {
  await expect.poll(() => server.spans.find(({ name }) => name === 'document load')).toBeTruthy()
  await expect.poll(() => server.spans.find(({ name }) => name === 'load link')).toBeTruthy()
  await tab.evaluate(() => history.pushState(null, '', '/users/42?token=1'))
  await expect.poll(() => log(server, 'browser.navigation')?.attributes['aether.route']).toBe('/users/:id')
  await expect.poll(() => vital(server, 'ttfb') && vital(server, 'fcp')).toBeTruthy()
  expect(await complained(tab)).toEqual([])
})

test('errors nobody has caught and what the policy blocks are recorded', async ({ tab, server }) => {
  await tab.click('#fail')
  await expect.poll(() => server.logs.map(({ body }) => body)).toEqual(expect.arrayContaining(['nobody caught me', 'nobody handled me', 'careful {"n":1}']))
  expect(server.logs.find(({ body }) => body === 'nobody caught me')?.attributes).toMatchObject({ 'exception.type': 'RangeError', 'exception.stacktrace': expect.any(String) })
  await expect.poll(() => log(server, 'browser.csp_violation')?.attributes['browser.csp.directive']).toBe('img-src')
})

test('what only some browsers measure is recorded there, and missing elsewhere without a word', async ({ tab, server }) => {
  const types = await tab.evaluate(() => [...(PerformanceObserver.supportedEntryTypes ?? [])])
  await tab.click('#slow')
  if (types.includes('long-animation-frame')) await expect.poll(() => log(server, 'browser.long_animation_frame')).toBeTruthy()
  if (types.includes('largest-contentful-paint')) await expect.poll(() => vital(server, 'lcp')).toBeTruthy()
  // Written by all, after everything else: what is not there by now does not come.
  await tab.evaluate(() => console.warn('last'))
  await expect.poll(() => server.logs.some(({ body }) => body === 'last')).toBe(true)
  expect(await complained(tab)).toEqual(['console.warn: last'])
  expect(await tab.evaluate(() => telemetry.stats().dropped)).toEqual({})
  await tab.goto('about:blank')
  await expect.poll(() => server.logs.some(({ attributes }) => attributes['browser.page.visibility'] === 'gone')).toBe(true)
  if (types.includes('layout-shift')) await expect.poll(() => vital(server, 'cls')).toBeTruthy()
  const told = server.logs.flatMap(({ attributes }) => attributes['browser.web_vital.name'] ?? [])
  console.log(`entry types: ${types.join(' ')}; web vitals told: ${told.join(' ')}`)
})
