/** Export to an OTLP backend: a second server's relay stands in for a vendor, headers included. */
import { openTerminal, screen, typeLine } from '../support/page'
import { type Server, startServer } from '../support/server'
import { expect, test } from '../support/test'
import { BACKEND, FRONTEND, waitForSpans } from '../support/traces'

let backend: Server

test.beforeAll(async () => {
  backend = await startServer()
})

test.afterAll(async () => {
  await backend.stop()
})

for (const variable of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) {
  test(`spans of both sides arrive at ${variable}`, async ({ page }) => {
    const path = variable.includes('TRACES') ? '/v1/traces' : ''
    const server = await startServer({
      [variable]: backend.origin + path,
      OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${backend.token}`,
      OTEL_SERVICE_NAME: `exporting-${path ? 'traces' : 'base'}`,
    })
    try {
      await openTerminal(page, server)
      await typeLine(page, 'echo $((6*7))')
      await expect(screen(page)).toContainText('42')
      await waitForSpans(
        backend,
        (spans) =>
          spans.find((handler) => {
            const send = spans.find((span) => span.spanId === handler.parentId)
            return handler.name === 'process terminal:input' && handler.service.startsWith('exporting') && send?.service === FRONTEND
          }),
        'a joined keystroke at the other backend',
      )
    } finally {
      await server.stop()
    }
    expect(server.process.exitCode).toBe(0)
  })
}

test('with an unreachable backend the terminal works and the status page says so', async ({ page }) => {
  const server = await startServer({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
  try {
    await openTerminal(page, server)
    await typeLine(page, 'echo $((6*7))')
    await expect(screen(page)).toContainText('42')
    await page.goto(`${server.origin}/telemetry`)
    await expect(page.getByTestId('destination').first()).toContainText(/refused|unreachable|failed|connect/i)
  } finally {
    await server.stop()
  }
  expect(server.log()).toMatch(/not delivered/i)
})

test('own spans carry the service name that is set by default', async ({ page }) => {
  await openTerminal(page, backend)
  await waitForSpans(backend, (spans) => spans.find((span) => span.service === BACKEND), 'spans of the server itself')
})
