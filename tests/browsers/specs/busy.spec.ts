/** A page that records much has a worker for it: everything arrives once, also when the page is left. */
import { holdAnswers } from '../../e2e/support/offline'
import { arriveOnce, open, test, times, untilBusy } from '../support/busy'
import { complained } from '../support/pages'
import { expect } from '../support/test'

test('spans are those that were recorded, each once, and counted', async ({ tab, server }) => {
  await open(tab, server.origin)
  await untilBusy(tab, server)
  const count = await tab.evaluate(() => record(3000))
  await tab.evaluate(() => telemetry.flush())
  await arriveOnce(server, count)
  expect(await tab.evaluate(() => telemetry.stats())).toMatchObject({ queued: 0, queuedBytes: 0, exported: { traces: count }, dropped: {} })
  const last = server.spans.find(({ name }) => name === `span ${count - 1}`)!
  expect(last.attributes).toMatchObject({ 'http.request.method': 'GET', 'url.full': `https://shop.example/api/items/${count - 1}`, port: 443, ratio: 0.5, cached: true })
  expect(await complained(tab)).toEqual([])
})

test('a few go by themselves when their time has come', async ({ tab, server }) => {
  await open(tab, server.origin)
  const before = await untilBusy(tab, server)
  await tab.evaluate(() => record(5))
  await arriveOnce(server, before + 5)
})

test('flush waits for every answer', async ({ tab, server }) => {
  await open(tab, server.origin)
  const before = await untilBusy(tab, server)
  const release = holdAnswers(server)
  await tab.evaluate(() => {
    record(1200)
    const page = globalThis as { flushed?: boolean }
    page.flushed = false
    void telemetry.flush().then(() => (page.flushed = true))
  })
  const flushed = () => tab.evaluate(() => (globalThis as { flushed?: boolean }).flushed)
  await arriveOnce(server, before + 1200)
  // Until now nothing has been answered.
  expect(await tab.evaluate(() => telemetry.stats())).toMatchObject({ queued: 1200, exported: { traces: before } })
  expect(await flushed()).toBe(false)
  release()
  await expect.poll(flushed).toBe(true)
  expect(await tab.evaluate(() => telemetry.stats())).toMatchObject({ queued: 0, exported: { traces: before + 1200 }, dropped: {} })
})

test('a worker without work is given up, and there is another one when there is work again', async ({ tab, server }) => {
  await open(tab, server.origin)
  await untilBusy(tab, server)
  await expect.poll(() => tab.evaluate(() => workers.every(({ ended }) => ended))).toBe(true)
  const first = await tab.evaluate(() => workers.length)
  await untilBusy(tab, server)
  expect(await tab.evaluate(() => workers.length)).toBeGreaterThan(first)
})

for (const count of [30, 1100]) {
  test(`a page that is left with ${count} spans not sent has told them, once`, async ({ tab, server }) => {
    await open(tab, server.origin)
    await untilBusy(tab, server)
    const all = await tab.evaluate((count) => record(count), count)
    await tab.goto('about:blank')
    await arriveOnce(server, all)
  })
}

test('so has a tab that is closed', async ({ tab, server }) => {
  const other = await tab.another()
  await open(other, server.origin)
  await untilBusy(other, server)
  const all = await other.evaluate(() => record(700))
  await other.close()
  await arriveOnce(server, all)
})

test('when telemetry is shut down everything has been told, and the worker is gone', async ({ tab, server }) => {
  await open(tab, server.origin)
  await untilBusy(tab, server)
  const all = await tab.evaluate(() => record(700))
  await tab.evaluate(() => telemetry.shutdown())
  await arriveOnce(server, all)
  expect(await tab.evaluate(() => workers.map(({ ended }) => ended))).not.toContain(false)
  await tab.evaluate(() => record(2000))
  expect(times(server).size).toBe(all)
})
