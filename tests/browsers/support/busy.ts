/** A page that records much, and has a worker for it; and a server that it tells. */
import { type CollectingServer, buildPage, startCollecting } from '../../e2e/support/collecting'
import { overheard } from './pages'
import type { Tab } from './tab'
import { expect, test as base } from './test'

const INDEX = '<!doctype html><meta charset="utf-8"><title>busy</title><script type="module" src="./main.ts"></script>'
/** `?store` has it keep what it cannot send, `?config` ask whether it may record at all. */
const MAIN = `
import { createTelemetry } from '@aetherterm/telemetry/core'
import { offlineStore } from '@aetherterm/telemetry/offline'
import { remoteConfig } from '@aetherterm/telemetry/remote-config'
const workers = []
const Native = Worker
globalThis.Worker = class extends Native {
  constructor(...given) {
    super(...given)
    const one = { worker: this, packed: 0, ended: false, terminate: () => super.terminate() }
    workers.push(one)
    this.addEventListener('message', () => one.packed++)
  }
  terminate() {
    workers.find(({ worker }) => worker === this).ended = true
    super.terminate()
  }
}
const config = { enabled: true }
const { fetch } = globalThis
globalThis.fetch = (what, ...how) => String(what).endsWith('/config') ? Promise.resolve(Response.json({ enabled: config.enabled })) : fetch(what, ...how)
const instrumentations = []
if (location.search === '?store') instrumentations.push(offlineStore())
if (location.search === '?config') instrumentations.push(remoteConfig({ url: '/config', refreshMs: 1000, cache: false }))
const telemetry = createTelemetry({ serviceName: 'busy', scheduledDelayMs: 300, instrumentations })
let recorded = 0
const record = (count, prefix = 'span') => {
  for (const end = recorded + count; recorded < end; recorded++) {
    const span = telemetry.startSpan(prefix + ' ' + recorded, { parent: null, kind: 'client', attributes: { 'http.request.method': 'GET', 'url.full': 'https://shop.example/api/items/' + recorded, port: 443, ratio: 0.5, cached: true, words: ['a', 'b'].slice(recorded % 2) } })
    if (recorded % 7 === 0) span.event('noted', { n: recorded })
    span.end()
  }
  return recorded
}
Object.assign(globalThis, { telemetry, record, workers, config })
`

interface Telemetry {
  ready: Promise<boolean>
  startSpan(name: string, options: object): { end(): void }
  flush(): Promise<void>
  shutdown(): Promise<void>
  stats(): { state: string; queued: number; queuedBytes: number; exported: { traces: number }; dropped: Record<string, number> }
}
declare global {
  const telemetry: Telemetry
  /** Records so many spans more; returns how many there were. */
  const record: (count: number, prefix?: string) => number
  /** Those that the page has started, and how many requests each has packed. */
  const workers: { worker: Worker; packed: number; ended: boolean }[]
  const config: { enabled: boolean }
}

export const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

export const test = base.extend<{ server: CollectingServer }, { webDir: string }>({
  webDir: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => use(overheard(await buildPage('browsers-busy', { 'index.html': INDEX, 'main.ts': MAIN }))),
    { scope: 'worker' },
  ],
  server: async ({ webDir }, use) => {
    const server = await startCollecting(webDir, POLICY)
    await use(server)
    await server.close()
  },
})

export async function open(tab: Tab, url: string): Promise<void> {
  await tab.goto(url)
  expect(await tab.evaluate(() => telemetry.ready)).toBe(true)
}

/** Records until a worker is at work, and all of that has arrived; returns how many spans that were. */
export async function untilBusy(tab: Tab, server: CollectingServer): Promise<number> {
  await expect
    .poll(() =>
      tab.evaluate(() => {
        record(1500)
        return workers.at(-1)?.packed ?? 0
      }),
    )
    .toBeGreaterThan(0)
  await tab.evaluate(() => telemetry.flush())
  const count = await tab.evaluate(() => record(0))
  await arriveOnce(server, count)
  return count
}

/** How often each span has arrived, by its name. */
export const times = (server: CollectingServer): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const { name } of server.spans) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/** All of them, and none twice. */
export async function arriveOnce(server: CollectingServer, count: number): Promise<void> {
  await expect.poll(() => times(server).size, { timeout: 30_000 }).toBe(count)
  expect([...times(server)].filter(([, often]) => often !== 1)).toEqual([])
}
