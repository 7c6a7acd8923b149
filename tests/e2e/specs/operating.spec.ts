/** A destination that refuses everything, seen and mended from the page. */
import { shot } from '../support/page'
import { type Receiver, startReceiver } from '../support/receiver'
import { startServer } from '../support/server'
import { expect, test } from '../support/test'

let receiver: Receiver

test.beforeEach(async () => {
  receiver = await startReceiver()
  receiver.status = 400
})

test.afterEach(() => receiver.close())

test('what was refused for good is shown with its answer, sent again, and gone', async ({ page }) => {
  const server = await startServer({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  try {
    await page.goto(server.url)
    await page.goto(`${server.origin}/telemetry`)
    await page.getByTestId('check-now').click()
    await expect(page.getByTestId('checked')).toHaveCount(3)
    await expect(page.getByTestId('check')).toContainText('0 of 3 test items were accepted')
    await shot(page, 'telemetry-refused')
    await page.getByTestId('tab-dead-letters').click()
    const letters = page.getByTestId('dead-letters')
    await expect(letters.getByTestId('dead-letter').first()).toContainText('unknown project')
    await shot(page, 'dead-letters')
    await page.setViewportSize({ width: 400, height: 800 })
    await letters.scrollIntoViewIfNeeded()
    await shot(page, 'dead-letters-narrow')
    await page.setViewportSize({ width: 1280, height: 800 })

    receiver.status = 200
    await page.getByTestId('replay-all').click()
    await expect(page.getByTestId('no-letters')).toBeVisible()
    // What is sent again leaves the list before it has arrived.
    const exported = async () => {
      const metrics = await (await server.api('/metrics')).text()
      return Number(/^aether_telemetry_exported_total\{[^}]*signal="traces"[^}]*\} (\d+)/m.exec(metrics)?.[1] ?? 0)
    }
    await expect.poll(exported).toBeGreaterThan(0)
  } finally {
    await server.stop()
  }
})
