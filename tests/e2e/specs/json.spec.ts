/** Pages that speak OTLP/JSON: the real relay takes it for what protobuf would have said, also when a page is left or offline. */
import { gunzipSync } from 'node:zlib'

import { type Page, expect, test } from '@playwright/test'

import { toJson } from '../../../pkg/src/core/json'
import { arrived, repeated } from '../support/offline'
import { relayed } from '../support/relayed'

const MAIN = `
import { createTelemetry } from '@aetherterm/telemetry/core'
import { offlineStore } from '@aetherterm/telemetry/offline'
const query = new URLSearchParams(location.search)
const telemetry = createTelemetry({
  serviceName: 'page',
  scheduledDelayMs: 20,
  protocol: query.get('protocol'),
  instrumentations: query.has('offline') ? [offlineStore()] : [],
})
Object.assign(globalThis, { telemetry })
`

interface Telemetry {
  ready: Promise<boolean>
  startSpan(name: string, options?: object): { event(name: string, attributes: object): void; error(thrown: unknown): { end(): void }; end(): void }
  log(severity: string, body: string, options?: object): void
  counter(name: string): { add(value: number, attributes?: object): void }
  histogram(name: string, unit: string): { record(value: number): void }
  flush(): Promise<void>
  stats(): { queued: number; dropped: Record<string, number> }
}
declare const telemetry: Telemetry

const rig = relayed('json-page', MAIN)

async function open(page: Page, search: string): Promise<void> {
  await page.goto(`${rig.server.url}&${search}`)
  expect(await page.evaluate(() => telemetry.ready)).toBe(true)
}

const record = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const odd = { text: 'ü"\\\u0000 😀', empty: '', yes: true, int: -42, large: Number.MAX_SAFE_INTEGER, real: 0.1, none: NaN, list: ['a', 1], nothing: [] }
    const parent = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sampled: true, remote: true }
    const span = telemetry.startSpan('json all', { kind: 'client', parent, attributes: odd, links: [parent] })
    span.event('event', odd)
    span.error(new TypeError('broken')).end()
    telemetry.log('error', 'json body', { attributes: odd, eventName: 'event', context: parent })
    telemetry.counter('json.clicks').add(2.5, odd)
    telemetry.histogram('json.duration', 's').record(0.2)
  })

const PATHS = ['/v1/traces', '/v1/logs', '/v1/metrics']

test('the relay passes on the same, whichever of the two it was sent', async ({ page }) => {
  const sent: { signal: number; body: Uint8Array<ArrayBuffer> }[] = []
  page.on('request', (request) => {
    const signal = PATHS.findIndex((path) => request.url().endsWith(path))
    const body = signal < 0 ? null : request.postDataBuffer()
    if (body) sent.push({ signal, body: new Uint8Array(body[0] === 0x1f ? gunzipSync(body) : body) })
  })
  await open(page, 'protocol=http/protobuf')
  await record(page)
  await page.evaluate(() => telemetry.flush())
  const all = () => ({
    spans: rig.backend.spans.filter(({ name }) => name === 'json all'),
    logs: rig.backend.logs.filter(({ body }) => body === 'json body'),
    points: rig.backend.points.filter(({ name }) => name.startsWith('json.')),
  })
  await expect.poll(() => [all().spans.length, all().logs.length, all().points.length]).toEqual([1, 1, 2])
  const asProtobuf = structuredClone(all())
  for (const list of [rig.backend.spans, rig.backend.logs, rig.backend.points]) list.length = 0
  expect(sent.map(({ signal }) => signal).sort()).toEqual([0, 1, 2])
  for (const one of sent) {
    const answer = await rig.server.api(PATHS[one.signal]!, { method: 'POST', headers: { 'content-type': 'application/json' }, body: toJson(one) })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json'])
  }
  await expect.poll(() => [all().spans.length, all().logs.length, all().points.length]).toEqual([1, 1, 2])
  expect(all()).toEqual(asProtobuf)
})

test('a page that is asked to sends it, compressed, and what is left when it goes', async ({ page }) => {
  const types = new Set<string>()
  page.on('request', (request) => {
    const { 'content-type': type, 'content-encoding': coding } = request.headers()
    if (request.url().includes('/v1/')) types.add(`${type} ${coding}`)
  })
  await open(page, 'protocol=http/json')
  await record(page)
  await expect.poll(() => arrived(rig.backend, 'json all').size).toBe(1)
  expect(await page.evaluate(() => telemetry.stats().dropped)).toEqual({})
  await page.evaluate(() => {
    for (let i = 0; i < 20; i++) telemetry.startSpan(`going ${i}`, { parent: null, attributes: { pad: 'x'.repeat(500) } }).end()
    location.href = 'about:blank'
  })
  await expect.poll(() => arrived(rig.backend, 'going').size).toBe(20)
  // What is little goes as it is. The last requests of a page are seen by nobody but the server.
  expect([...types]).toContain('application/json gzip')
  expect([...types].filter((type) => !type.startsWith('application/json '))).toEqual([])
})

test('with the offline store: what was recorded offline, and more than a page can send as it goes', async ({ page, context }) => {
  await open(page, 'protocol=http/json&offline')
  await context.setOffline(true)
  await page.evaluate(() => {
    for (let i = 0; i < 300; i++) telemetry.startSpan(`kept ${i}`, { parent: null, attributes: { pad: 'x'.repeat(1000) } }).end()
  })
  await expect.poll(() => page.evaluate(() => telemetry.stats().queued)).toBe(0)
  await context.setOffline(false)
  await expect.poll(() => arrived(rig.backend, 'kept').size).toBe(300)
  await page.evaluate(() => {
    for (let i = 0; i < 300; i++) telemetry.startSpan(`left ${i}`, { parent: null, attributes: { pad: 'x'.repeat(1000) } }).end()
    telemetry.startSpan('left error', { parent: null }).error(new Error('last')).end()
    location.href = 'about:blank'
  })
  await page.waitForURL('about:blank')
  await expect.poll(() => arrived(rig.backend, 'left').has('left error')).toBe(true)
  await open(page, 'protocol=http/json&offline')
  await expect.poll(() => arrived(rig.backend, 'left').size).toBe(301)
  expect([...repeated(arrived(rig.backend, 'kept')), ...repeated(arrived(rig.backend, 'left'))]).toEqual([])
})
