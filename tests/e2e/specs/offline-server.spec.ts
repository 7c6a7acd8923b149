/** The real server dies and comes back while a page records: its backend gets everything, and nothing twice. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from '@playwright/test'

import { startCollecting } from '../support/collecting'
import { type Telemetry, arrived, offlinePage, open, record, repeated, stored } from '../support/offline'
import { startServer } from '../support/server'

declare const telemetry: Telemetry

/** A port that is free now, for a server that has to come back where it was. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('a server that is killed and started again loses nothing that a page records meanwhile', async ({ page, context }) => {
  const backend = await startCollecting()
  const data = mkdtempSync(join(tmpdir(), 'aetherterm-killed-'))
  const env = {
    AETHERTERM_WEB_DIR: await offlinePage('offline-server'),
    AETHERTERM_LISTEN: `127.0.0.1:${await freePort()}`,
    AETHERTERM_DATA_DIR: data,
    AETHERTERM_TOKEN: 'a-token-that-survives-a-restart',
    OTEL_EXPORTER_OTLP_ENDPOINT: backend.origin,
  }
  const first = await startServer(env)
  await open(page, first)
  await record(page, 'before', 100)
  await expect.poll(() => arrived(backend, 'before').size).toBe(100)
  // Answered as well: what a server has taken and not yet said so is sent again, which is the lesser evil.
  await page.evaluate(() => telemetry.flush())
  const ended = once(first.process, 'exit')
  first.process.kill('SIGKILL')
  await ended
  await record(page, 'meanwhile', 300)
  await expect.poll(() => stored(page)).toBeGreaterThan(2)
  await expect.poll(() => page.evaluate(() => telemetry.stats().queued)).toBe(0)
  // A page that comes while nobody answers the first one's exports, and goes again.
  const second = await context.newPage()
  await expect(second.goto(first.url)).rejects.toThrow('ERR_CONNECTION_REFUSED')
  const again = await startServer(env)
  await record(page, 'after', 100)
  await expect.poll(() => arrived(backend, 'after').size, { timeout: 40_000 }).toBe(100)
  await expect.poll(() => arrived(backend, 'meanwhile').size).toBe(300)
  await expect.poll(() => stored(page)).toBe(0)
  for (const prefix of ['before', 'meanwhile', 'after']) expect(repeated(arrived(backend, prefix))).toEqual([])
  expect(await page.evaluate(() => telemetry.stats().dropped)).toEqual({})
  await again.stop()
  await first.stop()
  await backend.close()
  rmSync(data, { recursive: true, force: true })
})
