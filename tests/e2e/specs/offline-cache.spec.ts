/** The browser's back/forward cache, which Playwright switches off unless told otherwise. */
import { expect, test } from '@playwright/test'

import { startCollecting } from '../support/collecting'
import { type Telemetry, arrived, holdAnswers, keeps, offlinePage, open, record, repeated, stored } from '../support/offline'

declare const telemetry: Telemetry

test.use({ launchOptions: async ({ launchOptions }, use) => use({ ...launchOptions, ignoreDefaultArgs: ['--disable-back-forward-cache'] }) })

test('a page that comes back goes on, and what it kept is sent once', async ({ context }) => {
  const server = await startCollecting(await offlinePage('offline-cache'))
  const page = await context.newPage()
  await page.addInitScript(() => addEventListener('pageshow', ({ persisted }) => Object.assign(globalThis, { cameBack: persisted })))
  await open(page, { url: server.origin })
  const release = holdAnswers(server)
  await record(page, 'cached', 200)
  await expect.poll(() => arrived(server, 'cached').size).toBeGreaterThan(0)
  release()
  await page.goto(`${server.origin}/elsewhere.html`)
  await page.goBack({ waitUntil: 'commit' })
  expect(await page.evaluate(() => (globalThis as { cameBack?: boolean }).cameBack)).toBe(true)
  await record(page, 'back', 5)
  await expect.poll(() => arrived(server, 'back').size).toBe(5)
  await expect.poll(() => arrived(server, 'cached').size).toBe(200)
  await keeps(page)
  await expect.poll(() => stored(page)).toBe(0)
  expect(repeated(arrived(server, 'cached'))).toEqual([])
  expect(await page.evaluate(() => telemetry.stats().dropped)).toEqual({})
  await server.close()
})
