/** The browser client's instrumentations in a real browser, under a strict content security policy. */
import { expect, test } from '@playwright/test'

import { type CollectingServer, startCollecting } from '../support/collecting'
import { instrumentedPage } from '../support/instrumented'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SERVER_SPAN = 'b7ad6b7169203331'

let page: string
let server: CollectingServer
let other: CollectingServer

test.beforeAll(async () => {
  page = await instrumentedPage('instrumentations-page', { traceId: TRACE, spanId: SERVER_SPAN })
})

test.beforeEach(async ({ page: browser }) => {
  other = await startCollecting()
  const policy = `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ${other.origin} ws://127.0.0.1:9`
  server = await startCollecting(page, policy)
  await browser.goto(`${server.origin}/?other=${encodeURIComponent(other.origin)}`)
  expect(await browser.evaluate('telemetry.ready')).toBe(true)
})

test.afterEach(async () => {
  await server.close()
  await other.close()
})

const log = (event: string) => server.logs.find(({ eventName }) => eventName === event)
/** The frame of the slow button: on a busy machine others are slow, too, but none of them as long. */
const slow = () =>
  server.logs.find(({ attributes }) => {
    const invokers = attributes['browser.long_animation_frame.script.invoker_type'] as string[] | undefined
    return invokers?.includes('event-listener') && Number(attributes['browser.long_animation_frame.duration']) >= 200
  })
const vital = (name: string) => server.logs.find(({ attributes }) => attributes['browser.web_vital.name'] === name)

test('the load of the page and its resources is one trace with the server’s', async () => {
  const load = () => server.spans.find(({ name }) => name === 'document load')
  await expect.poll(load).toBeTruthy()
  expect(load()).toMatchObject({ traceId: TRACE, parentSpanId: SERVER_SPAN, attributes: { 'url.full': `${server.origin}/?REDACTED`, 'http.response.status_code': 200 } })
  expect(load()!.events.map(({ name }) => name)).toEqual(expect.arrayContaining(['responseEnd', 'domInteractive', 'domComplete']))
  await expect.poll(() => server.spans.find(({ name }) => name === 'load link')).toBeTruthy()
  expect(server.spans.find(({ name }) => name === 'load link')).toMatchObject({
    traceId: TRACE,
    parentSpanId: load()!.spanId,
    attributes: { 'url.full': `${server.origin}/style.css`, 'browser.resource.initiator_type': 'link' },
  })
  // Telemetry tells nothing about itself.
  expect(JSON.stringify(server.spans.map(({ attributes }) => attributes))).not.toMatch(/\/v1\//)
})

test('what a click sets off is one trace, and context goes to allowed origins only', async ({ page: browser }) => {
  await browser.getByRole('button', { name: 'Order' }).click()
  const requests = () => server.spans.filter(({ name }) => name === 'GET')
  await expect.poll(() => requests().length).toBe(3)
  await expect.poll(() => server.spans.find(({ name }) => name === 'click')).toBeTruthy()
  const click = server.spans.find(({ name }) => name === 'click')!
  expect(click).toMatchObject({ parentSpanId: '', attributes: { 'browser.interaction.target': 'order' } })
  for (const request of requests()) expect(request).toMatchObject({ traceId: click.traceId, parentSpanId: click.spanId })
  const byUrl = (part: string) => requests().find(({ attributes }) => String(attributes['url.full']).includes(part))!
  expect(byUrl('/api/order').attributes['url.full']).toBe(`${server.origin}/api/order?REDACTED`)
  expect(byUrl('/api/missing')).toMatchObject({ status: 2, attributes: { 'http.response.status_code': 404, 'error.type': '404' } })
  const header = (where: CollectingServer, path: string) => where.seen.find((one) => one.path === path)?.headers['b3']
  expect(header(server, '/api/order')).toBe(`${click.traceId}-${byUrl('/api/order').spanId}-1`)
  expect(header(server, '/api/missing')).toBe(`${click.traceId}-${byUrl('/api/missing').spanId}-1`)
  expect(other.seen.map(({ path }) => path)).toEqual(['/api/elsewhere'])
  expect(header(other, '/api/elsewhere')).toBeUndefined()
  for (const { headers } of server.exports) expect(headers['b3']).toBeUndefined()
})

test('errors, rejections and the console are recorded, each once', async ({ page: browser }) => {
  await browser.locator('#fail').click()
  await expect.poll(() => server.logs.map(({ body }) => body)).toEqual(expect.arrayContaining(['nobody caught me', 'nobody handled me', 'careful {"n":1}']))
  expect(server.logs.find(({ body }) => body === 'nobody caught me')).toMatchObject({
    severity: 17,
    attributes: { 'exception.type': 'RangeError', 'exception.source': 'error', 'exception.stacktrace': expect.any(String) },
  })
  expect(server.logs.filter(({ body }) => body === 'nobody handled me')).toHaveLength(1)
})

test('navigations are followed, with the route on what comes after', async ({ page: browser }) => {
  await browser.evaluate(() => history.pushState(null, '', '/users/42?token=1'))
  await expect.poll(() => log('browser.navigation')).toBeTruthy()
  expect(log('browser.navigation')).toMatchObject({ attributes: { 'browser.navigation.type': 'push', 'url.full': `${server.origin}/users/42?REDACTED`, 'aether.route': '/users/:id' } })
  await browser.goBack()
  await expect.poll(() => server.logs.filter(({ eventName }) => eventName === 'browser.navigation').length).toBe(2)
  expect(server.logs.filter(({ eventName }) => eventName === 'browser.navigation')[1]).toMatchObject({ attributes: { 'browser.navigation.type': 'traverse' } })
})

test('a frame that takes long is recorded with the script to blame', async ({ page: browser }) => {
  await browser.locator('#slow').click()
  await expect.poll(slow).toBeTruthy()
  const { attributes } = slow()!
  expect(attributes['browser.long_animation_frame.script.url']).toContainEqual(expect.stringContaining(`${server.origin}/assets/`))
})

test('web vitals arrive, those at the end included', async ({ page: browser }) => {
  await expect.poll(() => vital('ttfb') && vital('fcp')).toBeTruthy()
  await browser.locator('#slow').click()
  await expect.poll(() => vital('lcp') && slow()).toBeTruthy()
  await browser.goto('about:blank')
  await expect.poll(() => vital('cls')).toBeTruthy()
  // The click was a real one, and what it set off took long.
  await expect.poll(() => vital('inp')).toBeTruthy()
  expect(Number(vital('inp')!.attributes['browser.web_vital.value'])).toBeGreaterThan(40)
  expect(vital('lcp')!.attributes).toMatchObject({ 'browser.web_vital.rating': expect.stringMatching(/good|needs-improvement|poor/), 'browser.web_vital.navigation_type': 'navigate' })
  await expect.poll(() => log('browser.page_visibility')?.attributes['browser.page.visibility']).toBe('gone')
})

test('what the policy has blocked is recorded', async ({ page: browser }) => {
  await browser.locator('#fail').click()
  await expect.poll(() => log('browser.csp_violation')).toBeTruthy()
  expect(log('browser.csp_violation')!.attributes).toMatchObject({ 'browser.csp.directive': 'img-src', 'browser.csp.disposition': 'enforce', 'browser.csp.blocked_url': expect.stringMatching(/^http:\/\/127\.0\.0\.1:9\//) })
  expect(JSON.stringify(server.logs)).not.toContain('secret')
})

test('a WebSocket that cannot connect says so', async ({ page: browser }) => {
  await browser.evaluate(() => void new WebSocket('ws://127.0.0.1:9/chat'))
  await expect.poll(() => server.spans.find(({ name }) => name === 'connect websocket')).toBeTruthy()
  expect(server.spans.find(({ name }) => name === 'connect websocket')).toMatchObject({ status: 2, attributes: { 'error.type': 'connection_failed' } })
})
