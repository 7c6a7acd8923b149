/** Where a page that records much cannot have a worker, or loses it, or its backend, nothing changes but who does the work. */
import { startCollecting } from '../../e2e/support/collecting'
import { countStored, lost } from '../../e2e/support/offline'
import { POLICY, arriveOnce, open, test, times, untilBusy } from '../support/busy'
import { linkTo } from '../support/link'
import { closeLeft } from '../support/pages'
import { expect } from '../support/test'

test('a policy that forbids workers', async ({ tab, webDir }) => {
  const server = await startCollecting(webDir, `${POLICY}; worker-src 'none'`)
  try {
    await open(tab, server.origin)
    // Tried, and left alone from then on.
    await expect
      .poll(() =>
        tab.evaluate(() => {
          record(1500)
          return performance.getEntriesByType('resource').some(({ name }) => name.includes('packer'))
        }),
      )
      .toBe(true)
    for (let n = 0; n < 3; n++) await arriveOnce(server, await tab.evaluate(() => record(1500)))
    await tab.evaluate(() => telemetry.flush())
    const count = await tab.evaluate(() => record(0))
    expect(await tab.evaluate(() => telemetry.stats())).toMatchObject({ queued: 0, exported: { traces: count }, dropped: {} })
    expect(await tab.evaluate(() => workers.filter(({ packed }) => packed))).toEqual([])
  } finally {
    await server.close()
  }
})

test('spans that cannot be written down are lost alone, and counted', async ({ tab, server }) => {
  await open(tab, server.origin)
  const before = await untilBusy(tab, server)
  await tab.evaluate(() => {
    const wrong = [{ name: Symbol('s') }, { parent: { traceId: Symbol('s'), spanId: null, sampled: true } }, { links: [null] }]
    for (const { name = 'wrong', ...options } of wrong) {
      record(100)
      telemetry.startSpan(name as string, options).end()
    }
    record(100)
  })
  await arriveOnce(server, before + 400)
  await expect.poll(() => tab.evaluate(() => telemetry.stats())).toMatchObject({ state: 'ready', queued: 0, dropped: { malformed: 3 } })
  expect(await tab.evaluate(() => workers.at(-1)!.ended)).toBe(false)
})

test('a worker that fails', async ({ tab, server }) => {
  await open(tab, server.origin)
  const before = await untilBusy(tab, server)
  await tab.evaluate(() => {
    record(700)
    // No message of ours: it fails over it.
    workers.at(-1)!.worker.postMessage({})
    record(700)
  })
  await arriveOnce(server, before + 1400)
  expect(await tab.evaluate(() => workers.at(-1)!.ended)).toBe(true)
  await expect.poll(() => tab.evaluate(() => telemetry.stats())).toMatchObject({ queued: 0, exported: { traces: before + 1400 }, dropped: {} })
})

test('a worker that never answers', async ({ tab, server }) => {
  await open(tab, server.origin)
  const before = await untilBusy(tab, server)
  await tab.evaluate(() => {
    workers.at(-1)!.worker.postMessage = () => {}
    record(1400)
    // Waits for as long as the page has patience.
    return telemetry.flush()
  })
  await arriveOnce(server, before + 1400)
  expect(await tab.evaluate(() => workers.at(-1)!.ended)).toBe(true)
})

for (const status of [429, 503]) {
  test(`a backend that answers ${status} for some time`, async ({ tab, server }) => {
    await open(tab, server.origin)
    const before = await untilBusy(tab, server)
    server.refusal = { status, retryAfter: 3 }
    await tab.evaluate(() => record(600))
    await expect.poll(() => server.refused.length).toBeGreaterThan(0)
    server.refusal = undefined
    const known = server.exports.length
    await tab.evaluate(() => record(900))
    await arriveOnce(server, before + 1500)
    // All has waited, also what the page has recorded meanwhile.
    expect(server.exports[known]!.at - server.refused.at(-1)!.at).toBeGreaterThan(2900)
    await expect.poll(() => tab.evaluate(() => telemetry.stats())).toMatchObject({ queued: 0, exported: { traces: before + 1500 }, dropped: {} })
  })
}

test('a backend that refuses: what it did not want is counted', async ({ tab, server }) => {
  await open(tab, server.origin)
  const before = await untilBusy(tab, server)
  server.refusal = { status: 400, retryAfter: 0 }
  await tab.evaluate(() => record(600))
  await tab.evaluate(() => telemetry.flush())
  expect(await tab.evaluate(() => telemetry.stats())).toMatchObject({ queued: 0, exported: { traces: before }, dropped: { refused: 600 } })
})

test('with an offline store a lost connection loses nothing', async ({ tab, server }) => {
  const link = await linkTo(server.origin)
  try {
    await open(tab, `${link.origin}/?store`)
    const before = await untilBusy(tab, server)
    link.cut()
    await tab.evaluate(() => record(2000))
    await expect.poll(() => tab.evaluate(() => telemetry.stats().queued)).toBe(0)
    expect(await tab.evaluate(countStored)).toBeGreaterThan(0)
    link.restore()
    await arriveOnce(server, before + 2000)
    expect(await tab.evaluate(() => telemetry.stats().dropped)).toEqual({})
  } finally {
    await link.close()
  }
})

// The second are more than a worker is given, and more than there is room for without the database, whose last transaction may be aborted.
for (const [count, surely] of [
  [2000, 1000],
  [11_000, 3500],
] as const) {
  test(`nor does leaving a page with ${count} spans, or it is counted`, async ({ tab, server }) => {
    const page = `${server.origin}/?store`
    const first = await tab.another()
    await open(first, page)
    await untilBusy(first, server)
    const all = await first.evaluate((count) => {
      addEventListener('pagehide', () => navigator.sendBeacon('/api/left'))
      return record(count)
    }, count)
    await first.goto('about:blank')
    // The next page sends what that one has kept, and tells of what there was no time to write.
    await open(tab, page)
    await closeLeft(first, server)
    const known = async () => {
      await tab.evaluate(() => telemetry.flush())
      return times(server).size + lost(server, 'page_closed')
    }
    await expect.poll(known, { timeout: 30_000 }).toBeGreaterThanOrEqual(all)
    // Beyond the budget of requests that outlive a page, what has arrived and was not answered yet comes again, or is counted.
    if (count === 2000) {
      expect(await known()).toBe(all)
      expect([...times(server)].filter(([, often]) => often !== 1)).toEqual([])
    }
    expect(times(server).size).toBeGreaterThan(all - count + surely)
  })
}

test('nor does a request that its worker has not sent yet', async ({ tab, server }) => {
  const page = `${server.origin}/?store`
  await open(tab, page)
  await untilBusy(tab, server)
  const { refused, all } = await tab.evaluate(async () => {
    const { worker } = workers.at(-1)!
    const { postMessage } = worker
    let refused = 0
    // The order to send the request that begins with that lot.
    worker.postMessage = (...given: unknown[]) => (typeof given[0] === 'number' && given[0] ? void refused++ : postMessage.apply(worker, given as Parameters<typeof postMessage>))
    // Names that cannot be compressed, so that it is too large for the page.
    for (let n = 0; n < 2000; n++) record(1, crypto.randomUUID() + crypto.randomUUID())
    while (!refused) await new Promise((resolve) => setTimeout(resolve, 1))
    return { refused, all: record(0) }
  })
  expect(refused).toBeGreaterThan(0)
  await tab.goto('about:blank')
  await open(tab, page)
  await arriveOnce(server, all)
})

test('settings that end telemetry end it at once', async ({ tab, server }) => {
  await open(tab, `${server.origin}/?config`)
  await untilBusy(tab, server)
  await tab.evaluate(() => (config.enabled = false))
  await expect.poll(() => tab.evaluate(() => telemetry.stats().state)).toBe('disabled')
  expect(await tab.evaluate(() => workers.map(({ ended }) => ended))).not.toContain(false)
  const { size } = times(server)
  await tab.evaluate(() => record(3000))
  await tab.evaluate(() => telemetry.flush())
  expect(times(server).size).toBe(size)
})
