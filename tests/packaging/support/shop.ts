/** The README's server, which serves the folder `dist` of an application, takes its orders and keeps its traces. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { type Page, expect } from '@playwright/test'

import { type Span, spansOf } from '../../e2e/support/traces'

export interface Shop {
  origin: string
  close(): Promise<void>
}

export async function openShop(folder: string): Promise<Shop> {
  const program = process.env.AETHER_README_SERVER
  if (!program) throw new Error('AETHER_README_SERVER names no program: run `cargo xtask test packaging`')
  const server = spawn(program, { cwd: folder, env: { PATH: process.env.PATH, LISTEN: '127.0.0.1:0' }, stdio: ['ignore', 'pipe', 'ignore'] })
  const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string]
  return {
    origin: line.replace('listening on ', ''),
    async close() {
      const ended = once(server, 'exit')
      server.kill('SIGINT')
      await ended
    },
  }
}

declare const telemetry: { ready: Promise<boolean>; startSpan(name: string, options: object): { end(): void } }
declare const all: Record<string, string[]>

/** Opens the page, orders, and finds the order as one trace of page and server. Nothing may be on the console. */
export async function order(page: Page, url: string, shop: Shop): Promise<void> {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.text()} ${message.location().url}`)
  })
  await page.goto(url)
  await page.getByRole('button', { name: 'Order' }).click()
  // With what went wrong beside it, if that is why there is no answer.
  await expect.poll(async () => [await page.locator('output').textContent(), ...complaints]).toEqual(['thanks'])
  expect(await page.evaluate(() => telemetry.ready)).toBe(true)
  await joined(shop)
  expect(complaints).toEqual([])
}

/** Has the page record so much that it gets a worker, whose file must have been found. */
export async function busy(page: Page): Promise<void> {
  await expect
    .poll(async () => {
      await page.evaluate(() => {
        for (let n = 0; n < 1500; n++) telemetry.startSpan('busy', { parent: null }).end()
      })
      return page.workers()[0]?.evaluate(() => typeof onmessage)
    })
    .toBe('function')
}

/** The subpaths that the page has imported, each with something in it. */
export const imported = (page: Page): Promise<string[]> =>
  page.evaluate(() => Object.entries(all).flatMap(([subpath, names]) => (names.length ? [subpath] : [])))

/** Waits for an order that is one trace, and for nothing else. */
export async function joined({ origin }: Shop): Promise<void> {
  await expect
    .poll(async () => {
      const response = await fetch(`${origin}/jaeger/api/traces?limit=100&lookback=1h`)
      const { data } = (await response.json()) as { data: Parameters<typeof spansOf>[0][] }
      const spans: Span[] = data.flatMap(spansOf)
      const parent = (span?: Span) => spans.find(({ spanId, traceId }) => spanId === span?.parentId && traceId === span.traceId)
      const handler = spans.find(({ name }) => name === 'process order')
      const send = parent(handler)
      return [parent(send), send, handler].map((span) => span && `${span.service} ${span.kind} ${span.name}`)
    })
    .toEqual(['shop-web internal checkout', 'shop-web client send order', 'shop server process order'])
}
