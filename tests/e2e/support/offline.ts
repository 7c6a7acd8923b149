/** A page that keeps in the browser what it cannot send, and what is in there. */
import { type Page, expect } from '@playwright/test'

import { type CollectingServer, buildPage } from './collecting'
import type { Server } from './server'
import { allSpans } from './traces'

const INDEX = '<!doctype html><meta charset="utf-8"><title>page</title><script type="module" src="./main.ts"></script>'
const MAIN = `
import { createTelemetry } from '@aetherterm/telemetry/core'
import { offlineStore } from '@aetherterm/telemetry/offline'
// A listener from before telemetry has any, as applications have them: between two listeners promises go on.
addEventListener('pagehide', () => {})
const { maxBytes, maxAgeMs } = globalThis.limits ?? {}
const telemetry = createTelemetry({ serviceName: 'page', scheduledDelayMs: 20, instrumentations: [offlineStore({ maxBytes, maxAgeMs })] })
Object.assign(globalThis, { telemetry })
`

export interface Telemetry {
  ready: Promise<boolean>
  startSpan(name: string, options?: object): { error(thrown: unknown): { end(): void }; end(): void }
  flush(): Promise<void>
  stats(): { queued: number; queuedBytes: number; exported: { traces: number }; dropped: Record<string, number> }
}
declare const telemetry: Telemetry

/** Builds the page; returns its folder. The options of the store are in `globalThis.limits`. */
export const offlinePage = (name: string): Promise<string> => buildPage(name, { 'index.html': INDEX, 'main.ts': MAIN })

/** Opens the page and waits until it keeps what it cannot send. */
export async function open(page: Page, { url }: { url: string }): Promise<void> {
  await page.goto(url)
  await keeps(page)
}

/** Waits until the page keeps what it cannot send. */
export async function keeps(page: Page): Promise<void> {
  await page.waitForFunction(() => telemetry.ready)
  // Opened after the page's own request, so that one has succeeded by then.
  await expect.poll(() => stored(page)).toBeGreaterThanOrEqual(0)
}

/** Records spans that take about a kilobyte each and cannot be compressed much. */
export const record = (page: Page, prefix: string, count: number): Promise<void> =>
  page.evaluate(
    ([prefix, count]) => {
      for (let i = 0; i < count; i++) {
        const pad = Array.from(crypto.getRandomValues(new Uint8Array(500)), (byte) => byte.toString(16)).join('')
        telemetry.startSpan(`${prefix} ${i}`, { parent: null, attributes: { pad } }).end()
      }
    },
    [prefix, count] as const,
  )

/** How often each name of that prefix is there. */
export function counted(spans: readonly { name: string }[], prefix: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { name } of spans) if (name.startsWith(prefix)) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/** How often each span of that prefix is in the server's store. */
export const seen = async (server: Server, prefix: string): Promise<Map<string, number>> => counted(await allSpans(server), prefix)

/** Names that are there more than once. */
export const repeated = (counts: Map<string, number>): string[] => [...counts].filter(([, count]) => count > 1).map(([name]) => name)

/** Runs in a page: how many requests its database has, -1 while there is none. */
export async function countStored(): Promise<number> {
  const name = `aetherterm-telemetry ${location.origin}/v1/traces`
  if (!(await indexedDB.databases()).some((one) => one.name === name)) return -1
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const opening = indexedDB.open(name)
    opening.onsuccess = () => resolve(opening.result)
    opening.onerror = () => reject(opening.error)
  })
  return new Promise<number>((resolve) => {
    const count = db.transaction('requests').objectStore('requests').count()
    count.onsuccess = () => {
      db.close()
      resolve(count.result)
    }
  })
}

/** Requests in the database of this origin. */
export const stored = (page: Page): Promise<number> => page.evaluate(countStored)

/** What has arrived of that prefix. */
export const arrived = (server: CollectingServer, prefix: string): Map<string, number> => counted(server.spans, prefix)

/** How much metrics say was lost for that reason. */
export const lost = (server: CollectingServer, reason: string): number =>
  server.points.filter(({ name, attributes }) => name === 'aether.telemetry.dropped' && attributes['reason'] === reason).reduce((sum, { value }) => sum + value, 0)

/** Holds all answers from the next export on; returns what lets them go. */
export function holdAnswers(server: CollectingServer): () => void {
  let release = (): void => {}
  server.pause = new Promise<void>((resolve) => (release = resolve))
  return () => {
    server.pause = undefined
    release()
  }
}
