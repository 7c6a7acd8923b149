/** A destination that refuses everything, seen and mended from the page. */
import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { shot } from '../support/page'
import { startServer } from '../support/server'
import { expect, test } from '../support/test'

let status = 400
let receiver: HttpServer

test.beforeAll(async () => {
  receiver = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(status, { 'content-type': 'text/plain' }).end(status === 200 ? '' : 'unknown project'))
  })
  await once(receiver.listen(0, '127.0.0.1'), 'listening')
})

test.afterAll(() => {
  receiver.closeAllConnections()
  receiver.close()
})

test('what was refused for good is shown with its answer, sent again, and gone', async ({ page }) => {
  const address = `127.0.0.1:${(receiver.address() as AddressInfo).port}`
  const server = await startServer({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://${address}` })
  try {
    await page.goto(server.url)
    await page.goto(`${server.origin}/telemetry`)
    const letters = page.getByTestId('dead-letters')
    await expect(letters.getByTestId('dead-letter').first()).toContainText('unknown project')
    await page.getByTestId('check-now').click()
    await expect(page.getByTestId('checked')).toHaveCount(3)
    await expect(page.getByTestId('check')).toContainText('0 of 3 were accepted')
    await shot(page, 'telemetry-refused')
    await page.setViewportSize({ width: 400, height: 800 })
    await letters.scrollIntoViewIfNeeded()
    await shot(page, 'telemetry-refused-narrow')
    await page.setViewportSize({ width: 1280, height: 800 })

    status = 200
    await page.getByTestId('replay-all').click()
    await expect(letters).toHaveCount(0)
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
