/** A destination over its life on the page: tested, looked at while it works, changed, and deleted with what waits for it. */
import { openTelemetry, putDestination } from '../support/operate'
import { type Receiver, startReceiver } from '../support/receiver'
import { sendSpan } from '../support/spans'
import { expect, test } from '../support/test'

let first: Receiver
let second: Receiver

/** What a chart says whose values were 0 all the time. */
const NOTHING = /at most 0(?![\d.])/

test.beforeEach(async () => {
  first = await startReceiver()
  second = await startReceiver()
})

test.afterEach(() => {
  first.close()
  second.close()
})

test('a destination is tested, changed to another address, and deleted with what waits for it', async ({ server, page }) => {
  await putDestination(server, 'shop', first.url)
  await openTelemetry(page, server)
  await page.getByTestId('test-shop').click()
  await expect(page.getByTestId('check')).toContainText('All 3 test items were accepted')
  first.status = 401
  await page.getByTestId('test-shop').click()
  await expect(page.getByTestId('check')).toContainText('0 of 3 test items were accepted')
  await expect(page.getByTestId('check')).toContainText('unknown project')

  await page.getByTestId('edit').click()
  await page.getByTestId('field-endpoint').fill(second.url)
  await page.getByTestId('apply').click()
  await expect(page.getByTestId('destination')).toContainText(second.url)
  await sendSpan(server, 'after the change')
  await expect.poll(() => second.spans).toContain('after the change')
  expect(first.spans).not.toContain('after the change')

  await page.getByTestId('pause').click()
  await expect(page.getByTestId('destination-state')).toHaveText('paused')
  await sendSpan(server, 'nobody waits for it any more')
  await expect(page.getByTestId('queued')).not.toHaveText('0')
  await page.getByTestId('delete').click()
  await expect(page.getByTestId('question')).toContainText('wait for it and are lost')
  await page.getByTestId('confirm').click()
  await expect(page.getByTestId('no-destinations')).toBeVisible()
  const metrics = await (await server.api('/metrics')).text()
  expect(metrics).toMatch(/aether_telemetry_dropped_total\{[^}]*destination="shop"[^}]*reason="deleted"[^}]*\} [1-9]/)
  const file = await server.api('/api/telemetry/config', { headers: { accept: 'application/toml' } })
  expect(await file.text()).not.toContain('shop')
  expect(second.spans).not.toContain('nobody waits for it any more')
})

test('charts show what goes through a destination while it does', async ({ server, page }) => {
  // The server takes a sample every five seconds.
  const soon = { timeout: 30_000 }
  await putDestination(server, 'shop', first.url)
  await openTelemetry(page, server)
  const chart = (name: string) => page.getByRole('slider', { name, exact: true })
  for (const name of ['Items', 'Latency', 'Trouble']) await expect(chart(name)).toHaveAttribute('aria-valuetext', NOTHING)
  await sendSpan(server, 'seen')
  // Without a reload: the greatest rate of the last minutes is one that is not 0 any more, and so is the latency.
  await expect(chart('Items')).not.toHaveAttribute('aria-valuetext', NOTHING, soon)
  await expect(chart('Latency')).not.toHaveAttribute('aria-valuetext', NOTHING, soon)
  await expect(chart('Trouble')).toHaveAttribute('aria-valuetext', NOTHING)
  await expect(page.getByTestId('circuit')).toHaveText('closed')
  first.status = 503
  await sendSpan(server, 'not taken')
  await expect(page.getByTestId('circuit')).not.toHaveText('closed')
  await expect(chart('Trouble')).not.toHaveAttribute('aria-valuetext', NOTHING, soon)
})
