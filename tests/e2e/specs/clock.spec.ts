/** Pages whose clock is wrong: the real relay corrects their times, because they say when they sent them. */
import { expect, test } from '@playwright/test'

import { startCollecting } from '../support/collecting'
import { relayed } from '../support/relayed'

const MAIN = `
import { createTelemetry } from '@aetherterm/telemetry/core'
const query = new URLSearchParams(location.search)
const telemetry = createTelemetry({ serviceName: 'page', scheduledDelayMs: 20, endpoint: query.get('endpoint') ?? undefined })
Object.assign(globalThis, { telemetry })
`
const HOUR = 3_600_000
const MINUTE = 60_000

interface Telemetry {
  ready: Promise<boolean>
  startSpan(name: string): { end(): void }
  flush(): Promise<void>
}
declare const telemetry: Telemetry

const rig = relayed('clock-page', MAIN)

const found = () => rig.backend.spans.find(({ name }) => name === 'by a wrong clock')

for (const [what, off] of [['behind', -HOUR], ['ahead', HOUR]] as const) {
  test(`a page whose clock is an hour ${what} is corrected`, async ({ page }) => {
    await page.addInitScript((by) => {
      const { now } = Date
      const origin = performance.timeOrigin
      Date.now = () => now() + by
      Object.defineProperty(performance, 'timeOrigin', { value: origin + by })
    }, off)
    const before = Date.now()
    await page.goto(rig.server.url)
    expect(await page.evaluate(() => telemetry.ready)).toBe(true)
    expect(Math.abs((await page.evaluate(() => Date.now())) - Date.now() - off)).toBeLessThan(MINUTE)
    await page.evaluate(() => {
      telemetry.startSpan('by a wrong clock').end()
      return telemetry.flush()
    })
    await expect.poll(found).toBeTruthy()
    const { start, end, resource } = found()!
    // Within what the test has taken, and the way to the relay.
    expect(Number(start / 1_000_000n)).toBeGreaterThan(before - MINUTE)
    expect(Number(end / 1_000_000n)).toBeLessThan(Date.now() + MINUTE)
    expect(resource).toMatchObject({ 'aether.clock.corrected': true })
    expect(Math.abs(Number(resource['aether.clock.offset_ms']) + off)).toBeLessThan(MINUTE)
  })
}

test('a backend of another origin, which need not know the header, is not sent it', async ({ page }) => {
  const pages = await startCollecting(rig.folder)
  try {
    await page.goto(`${pages.origin}/?endpoint=${encodeURIComponent(rig.backend.origin)}`)
    expect(await page.evaluate(() => telemetry.ready)).toBe(true)
    await page.evaluate(() => telemetry.startSpan('elsewhere').end())
    // What the browser asks that backend whether it may send.
    const asked = () => rig.backend.exports.map(({ headers }) => headers['access-control-request-headers']).find(Boolean)
    await expect.poll(asked).toContain('content-type')
    expect(asked()).not.toContain('x-aether')
    expect(pages.exports).toEqual([])

    await page.goto(pages.origin)
    expect(await page.evaluate(() => telemetry.ready)).toBe(true)
    await page.evaluate(() => telemetry.startSpan('here').end())
    await expect.poll(() => pages.spans.map(({ name }) => name)).toEqual(['here'])
    expect(pages.exports[0]!.headers['x-aether-sent-at']).toMatch(/^\d{13}(\.\d+)?$/)
  } finally {
    await pages.close()
  }
})
