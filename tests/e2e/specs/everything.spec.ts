/** All parts at once, as `/everything` brings them, in a real browser under a strict content security policy. */
import { expect, test } from '@playwright/test'

import { type CollectingServer, buildPage, startCollecting } from '../support/collecting'

const INDEX = `<!doctype html><meta charset="utf-8"><title>page</title>
<h1>A page with something to paint</h1>
<button data-telemetry="order">Order</button>
<script type="module" src="./main.ts"></script>`

const MAIN = `
import { everything } from '@aetherterm/telemetry/everything'

const telemetry = everything({
  serviceName: 'page',
  scheduledDelayMs: 50,
  parts: {
    csp: false,
    'remote-config': false,
    navigation: { route: (url) => url.pathname.replace(/\\d+/, ':id') },
    session: { keep: 'shared' },
    attributes: { tenant: 'a' },
    'before-send': (item) => item.body !== 'unwanted',
    limits: { attributeValueLengthLimit: 300 },
  },
})
telemetry.setUser({ id: 'u1' })
Object.assign(globalThis, { telemetry })
document.querySelector('button').addEventListener('click', () => {
  void fetch('/api/order?secret=1')
  const request = new XMLHttpRequest()
  request.open('GET', '/api/missing')
  request.send()
})
`

let folder: string
let server: CollectingServer

test.beforeAll(async () => {
  folder = await buildPage('everything-page', { 'index.html': INDEX, 'main.ts': MAIN })
})

test.beforeEach(async ({ page }) => {
  server = await startCollecting(folder, `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ws://127.0.0.1:9`)
  await page.goto(server.origin)
  expect(await page.evaluate('telemetry.ready')).toBe(true)
})

test.afterEach(() => server.close())

const log = (event: string) => server.logs.find(({ eventName }) => eventName === event)

test('comes in two pieces', async () => {
  const scripts = server.seen.map(({ path }) => path).filter((path) => path.startsWith('/assets/'))
  expect(scripts.map((path) => path.replace(/.*\./, '')).sort()).toEqual(['js', 'js'])
})

test('what a click sets off is one trace, of one session, with what the page says about itself', async ({ page }) => {
  await page.getByRole('button', { name: 'Order' }).click()
  const requests = () => server.spans.filter(({ name }) => name === 'GET')
  await expect.poll(() => requests().length).toBe(2)
  await expect.poll(() => server.spans.find(({ name }) => name === 'click')).toBeTruthy()
  const click = server.spans.find(({ name }) => name === 'click')!
  const id = await page.evaluate('telemetry.session.id')
  for (const request of requests()) {
    expect(request).toMatchObject({ traceId: click.traceId, parentSpanId: click.spanId, attributes: { tenant: 'a', 'user.id': 'u1', 'session.id': id, 'aether.route': '/' } })
  }
  await expect.poll(() => log('session.start')?.attributes['session.id']).toBe(id)
})

test('each part records: errors, the console, navigations, the load, a WebSocket, vitals, visibility', async ({ page }) => {
  await page.evaluate(() => {
    setTimeout(() => {
      throw new RangeError('nobody caught me')
    })
    console.warn('careful')
    console.warn('unwanted')
    history.pushState(null, '', '/users/42')
    void new WebSocket('ws://127.0.0.1:9/chat')
  })
  await expect.poll(() => server.logs.map(({ body }) => body)).toEqual(expect.arrayContaining(['nobody caught me', 'careful', `navigation to ${server.origin}/users/42`]))
  await expect.poll(() => server.spans.map(({ name }) => name)).toEqual(expect.arrayContaining(['document load', 'connect websocket']))
  const vital = (name: string) => server.logs.find(({ attributes }) => attributes['browser.web_vital.name'] === name)
  await expect.poll(() => vital('ttfb') && vital('fcp')).toBeTruthy()
  await page.goto('about:blank')
  await expect.poll(() => vital('cls') && vital('lcp')).toBeTruthy()
  await expect.poll(() => log('browser.page_visibility')?.attributes['browser.page.visibility']).toBe('gone')
  expect(server.logs.map(({ body }) => body)).not.toContain('unwanted')
})
