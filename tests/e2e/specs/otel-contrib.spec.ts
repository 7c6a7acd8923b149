/** OpenTelemetry's own instrumentations for browsers, unchanged, on this client by way of `/otel-api`. */
import { expect, test } from '@playwright/test'

import { type CollectingServer, buildPage, startCollecting } from '../support/collecting'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SERVER_SPAN = 'b7ad6b7169203331'

const INDEX = `<!doctype html><meta charset="utf-8"><title>page</title><meta name="traceparent" content="00-${TRACE}-${SERVER_SPAN}-01">
<link rel="stylesheet" href="/style.css">
<button id="order">Order</button>
<script type="module" src="./main.ts"></script>`

const MAIN = `
import { createTelemetry } from '@aetherterm/telemetry/core'
import { registerOpenTelemetryApi } from '@aetherterm/telemetry/otel-api'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { DocumentLoadInstrumentation } from '@opentelemetry/instrumentation-document-load'
import { FetchInstrumentation } from '@opentelemetry/instrumentation-fetch'
import { UserInteractionInstrumentation } from '@opentelemetry/instrumentation-user-interaction'
import { XMLHttpRequestInstrumentation } from '@opentelemetry/instrumentation-xml-http-request'

const telemetry = createTelemetry({ serviceName: 'page', scheduledDelayMs: 50 })
registerOpenTelemetryApi(telemetry, { propagators: ['b3', 'tracecontext'] })
const ignoreUrls = [/\\/v1\\//]
registerInstrumentations({
  instrumentations: [
    new DocumentLoadInstrumentation(),
    new UserInteractionInstrumentation(),
    new FetchInstrumentation({ ignoreUrls }),
    new XMLHttpRequestInstrumentation({ ignoreUrls }),
  ],
})
Object.assign(globalThis, { telemetry })
document.querySelector('#order').addEventListener('click', () => {
  void fetch('/api/order')
  const request = new XMLHttpRequest()
  request.open('GET', '/api/stock')
  request.send()
})
`

let folder: string
let server: CollectingServer
const complaints: string[] = []

test.beforeAll(async () => {
  folder = await buildPage('otel-contrib-page', { 'index.html': INDEX, 'main.ts': MAIN })
})
test.beforeEach(async ({ page }) => {
  complaints.length = 0
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => message.type() === 'warning' && complaints.push(message.text()))
  server = await startCollecting(folder, "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'")
  await page.goto(server.origin)
  expect(await page.evaluate('telemetry.ready')).toBe(true)
})
test.afterEach(async () => {
  await server.close()
  expect(complaints).toEqual([])
})

const of = (instrumentation: string) => server.spans.filter(({ attributes }) => attributes['otel.scope.name'] === `@opentelemetry/instrumentation-${instrumentation}`)

test('the load of the page continues the server’s trace', async () => {
  const load = () => of('document-load').find(({ name }) => name === 'documentLoad')
  await expect.poll(load).toBeTruthy()
  expect(load()).toMatchObject({ traceId: TRACE, parentSpanId: SERVER_SPAN, resource: { 'service.name': 'page' } })
  const fetched = () => of('document-load').find(({ name }) => name === 'documentFetch')
  await expect.poll(fetched).toBeTruthy()
  expect(fetched()).toMatchObject({ traceId: TRACE, parentSpanId: load()!.spanId })
  expect(load()!.start).toBeLessThan(load()!.end)
})

test('a click, its fetch and its XMLHttpRequest are one trace, which the server gets in both forms', async ({ page }) => {
  await page.getByRole('button', { name: 'Order' }).click()
  await expect.poll(() => [of('user-interaction').length, of('fetch').length, of('xml-http-request').length]).toEqual([1, 1, 1])
  const [click] = of('user-interaction')
  expect(click).toMatchObject({ name: 'click', parentSpanId: '', attributes: { event_type: 'click' } })
  for (const [instrumentation, path] of [['fetch', '/api/order'], ['xml-http-request', '/api/stock']] as const) {
    const [request] = of(instrumentation)
    expect(request, path).toMatchObject({ traceId: click!.traceId, parentSpanId: click!.spanId, kind: 3 })
    const headers = server.seen.find((one) => one.path === path)?.headers
    expect(headers?.['b3'], path).toBe(`${click!.traceId}-${request!.spanId}-1`)
    expect(headers?.['traceparent'], path).toBe(`00-${click!.traceId}-${request!.spanId}-01`)
  }
})
