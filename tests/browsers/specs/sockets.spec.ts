/** Requests over Socket.IO that are acknowledged, or not: the README's server, and a page with nothing but the socket. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'

import { buildPage } from '../../e2e/support/collecting'
import { type Span, spansOf } from '../../e2e/support/traces'
import { complained, overheard } from '../support/pages'
import { expect, test as base } from '../support/test'

const INDEX = `<!doctype html><meta charset="utf-8"><title>shop</title><script type="module" src="./main.ts"></script>`
const MAIN = `
import { init } from '@aetherterm/telemetry'
import { io } from 'socket.io-client'
const telemetry = init({ serviceName: 'shop-web', scheduledDelayMs: 50 })
const socket = io()
telemetry.instrumentSocket(socket, { context: 'traced' })
Object.assign(globalThis, { socket })
`
const EXAMPLE = process.env.AETHER_README_SERVER

interface Emitting {
  emitWithAck(event: string, ...values: unknown[]): Promise<unknown>
  timeout(ms: number): Emitting
  io: { engine: { transport: { name: string } } }
}
declare const socket: Emitting

const test = base.extend<{ origin: string }, { webDir: string }>({
  webDir: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => use(overheard(await buildPage('browsers-sockets', { 'index.html': INDEX, 'main.ts': MAIN }))),
    { scope: 'worker' },
  ],
  origin: async ({ webDir }, use) => {
    if (!EXAMPLE) throw new Error('AETHER_README_SERVER names no program: run `cargo xtask test browsers`')
    // It serves the folder `dist` of where it is started.
    const server = spawn(EXAMPLE, { cwd: dirname(webDir), env: { PATH: process.env.PATH, LISTEN: '127.0.0.1:0' }, stdio: ['ignore', 'pipe', 'ignore'] })
    const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string]
    await use(line.replace('listening on ', ''))
    const ended = once(server, 'exit')
    server.kill('SIGINT')
    await ended
  },
})

const spansAt = async (origin: string): Promise<Span[]> => {
  const response = await fetch(`${origin}/jaeger/api/traces?limit=100&lookback=1h`)
  const { data } = (await response.json()) as { data: Parameters<typeof spansOf>[0][] }
  return data.flatMap(spansOf)
}

test('a request lasts until it is acknowledged, and fails where nobody does', async ({ tab, origin }) => {
  await tab.goto(origin)
  expect(await tab.evaluate(() => socket.emitWithAck('order', 'a book'))).toBe('thanks')
  expect(await tab.evaluate(() => socket.timeout(200).emitWithAck('nobody').then(() => 'answered', () => 'timeout'))).toBe('timeout')
  const sent = (spans: Span[], event: string) => spans.find(({ name, service }) => name === `send ${event}` && service === 'shop-web')
  let spans: Span[] = []
  await expect
    .poll(async () => {
      spans = await spansAt(origin)
      return sent(spans, 'order') && sent(spans, 'nobody') && spans.some(({ name }) => name === 'process order')
    })
    .toBe(true)
  const order = sent(spans, 'order')!
  const handler = spans.find(({ name }) => name === 'process order')!
  expect(order).toMatchObject({ kind: 'client', error: false, tags: { 'messaging.system': 'socketio' } })
  expect(handler).toMatchObject({ kind: 'server', traceId: order.traceId, parentId: order.spanId })
  expect(order.durationUs).toBeGreaterThan(handler.durationUs)
  expect(sent(spans, 'nobody')).toMatchObject({ kind: 'client', error: true, tags: { 'error.type': 'timeout' } })
  // By the transport that this browser prefers, not by the one it falls back to.
  expect(await tab.evaluate(() => socket.io.engine.transport.name)).toBe('websocket')
  expect(await complained(tab)).toEqual([])
})
