/** Every instrumentation at once, under a strict content security policy: what the browser offers is recorded, the rest is no error. */
import { type CollectingServer, startCollecting } from '../../e2e/support/collecting'
import { instrumentedPage } from '../../e2e/support/instrumented'
import { complained, overheard } from '../support/pages'
import { expect, test as base } from '../support/test'

declare const telemetry: {
  ready: Promise<boolean>
  stats(): { dropped: Record<string, number> }
  startSpan(name: string, options: { attributes: Record<string, string> }): { end(): void }
}

const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

const test = base.extend<{ server: CollectingServer }, { webDir: string }>({
  webDir: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => use(overheard(await instrumentedPage('browsers-instrumentations'))),
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
  for (const [path, url, status] of [
    ['/api/order', '/api/order?REDACTED', 200],
    ['/api/missing', '/api/missing', 404],
  ] as const) {
    const span = requests().find(({ attributes }) => attributes['url.full'] === server.origin + url)
    expect(span, path).toMatchObject({ traceId: click.traceId, parentSpanId: click.spanId, attributes: { 'http.response.status_code': status } })
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
