/** One user action, one trace: browser and server spans in one tree, read back through the query API. */
import { goTo, openTerminal, screen, shot, typeLine } from '../support/page'
import { expect, test } from '../support/test'
import { BACKEND, FRONTEND, pathTo, traceSpans, waitForSpans } from '../support/traces'

test('a keystroke is one trace from the page to its echo', async ({ server, page }) => {
  await openTerminal(page, server)
  await typeLine(page, 'echo hello')
  await expect(screen(page)).toContainText('hello')

  const { path, spans } = await waitForSpans(
    server,
    (spans) => {
      for (const span of spans) {
        if (span.service !== FRONTEND || span.name !== 'process terminal:output') continue
        const path = pathTo(span, spans)
        if (path.some((step) => step.name === 'send terminal:input')) return { path, spans }
      }
      return undefined
    },
    'a keystroke and its echo',
  )
  const steps = path
    .slice(path.findIndex((step) => step.name === 'send terminal:input'))
    .map((step) => `${step.service} ${step.kind} ${step.name}`)
  expect(steps).toEqual([
    `${FRONTEND} client send terminal:input`,
    `${BACKEND} consumer process terminal:input`,
    `${BACKEND} producer send terminal:output`,
    `${FRONTEND} consumer process terminal:output`,
  ])
  // The page's span lasts until the echo is there: its length is the latency a person feels.
  const send = path.find((step) => step.name === 'send terminal:input')
  const handler = path.find((step) => step.name === 'process terminal:input')
  expect(send?.durationUs).toBeGreaterThan(handler?.durationUs ?? Infinity)
  expect(send?.error).toBe(false)
  const own = spans.filter((span) => span.traceId === send?.traceId)
  expect(own.every((span) => span.tags['messaging.system'] !== undefined)).toBe(true)
  expect(JSON.stringify(spans)).not.toContain('echo hello')
})

test('creating a terminal is a request with its declared reply', async ({ server, page }) => {
  await openTerminal(page, server)
  const tree = await waitForSpans(
    server,
    (spans) => {
      const reply = spans.find((span) => span.service === FRONTEND && span.name === 'process terminal:created')
      return reply && pathTo(reply, spans).length >= 4 ? pathTo(reply, spans) : undefined
    },
    'terminal:create and its reply',
  )
  expect(tree.slice(-4).map((step) => `${step.service} ${step.kind} ${step.name}`)).toEqual([
    `${FRONTEND} client send terminal:create`,
    `${BACKEND} server process terminal:create`,
    `${BACKEND} producer send terminal:created`,
    `${FRONTEND} consumer process terminal:created`,
  ])
})

test('an HTTP request of the page continues in the server', async ({ server, page }) => {
  await openTerminal(page, server)
  await page.evaluate(() => fetch('/api/health').then((response) => response.text()))
  const [client, handler] = await waitForSpans(
    server,
    (spans) => {
      for (const handler of spans) {
        if (handler.service !== BACKEND || handler.name !== 'GET /api/health') continue
        const client = spans.find((span) => span.spanId === handler.parentId && span.service === FRONTEND)
        if (client) return [client, handler]
      }
      return undefined
    },
    'GET /api/health from the page',
  )
  expect(client).toMatchObject({ kind: 'client', name: 'GET', traceId: handler.traceId })
  expect(handler).toMatchObject({ kind: 'server' })
  expect(handler.tags).toMatchObject({ 'http.route': '/api/health', 'http.response.status_code': 200 })
})

test('the connection joins the page’s trace', async ({ server, page }) => {
  await openTerminal(page, server)
  const [client, handler] = await waitForSpans(
    server,
    (spans) => {
      const handler = spans.find((span) => span.service === BACKEND && span.name === 'connect /')
      const client = handler && spans.find((span) => span.spanId === handler.parentId)
      return handler && client ? [client, handler] : undefined
    },
    'both sides of the connection',
  )
  expect(client).toMatchObject({ service: FRONTEND, kind: 'client', name: 'connect /', traceId: handler.traceId })
  expect(handler.kind).toBe('server')
})

test('what a page has recorded is delivered when it is left at once', async ({ server, page }) => {
  await openTerminal(page, server)
  await typeLine(page, 'true')
  await page.goto('about:blank')
  // The last key is Enter: without delivery on leaving, its span would be lost with the page.
  await waitForSpans(
    server,
    (spans) => {
      const handlers = spans.filter((span) => span.service === BACKEND && span.name === 'process terminal:input')
      const sends = handlers.filter((handler) => spans.some((span) => span.spanId === handler.parentId))
      return handlers.length >= 5 && sends.length === handlers.length ? handlers : undefined
    },
    'all key presses, with both sides',
  )
})

test('the viewer shows the same tree', async ({ server, page }) => {
  await openTerminal(page, server)
  await typeLine(page, 'echo hello')
  await expect(screen(page)).toContainText('hello')
  const traceId = await waitForSpans(
    server,
    (spans) => {
      const echo = spans.find(
        (span) =>
          span.name === 'process terminal:output' &&
          pathTo(span, spans).filter((step) => step.name.includes('terminal:')).length === 4,
      )
      return echo?.traceId
    },
    'a keystroke and its echo',
  )
  await goTo(page, 'traces')
  await expect(page.getByTestId('trace-row').first()).toBeVisible()
  await shot(page, 'traces-1280')
  await page.getByTestId('filter-text').fill('terminal:create')
  await expect(page.getByTestId('trace-row')).toHaveCount(1)
  await page.goto(`${server.origin}/traces/${traceId}`)
  const rows = page.getByTestId('waterfall-row')
  const spans = await traceSpans(server, traceId)
  await expect(rows).toHaveCount(spans.length)
  for (const name of ['send terminal:input', 'process terminal:input', 'send terminal:output', 'process terminal:output']) {
    await expect(rows.filter({ hasText: name }).first()).toBeVisible()
  }
  await rows.filter({ hasText: 'process terminal:input' }).first().click()
  await expect(page.getByTestId('span-details')).toContainText('messaging.system')
  await expect(page.getByTestId('span-details')).toContainText('socketio')
  await shot(page, 'trace-1280')
  await page.setViewportSize({ width: 400, height: 800 })
  await shot(page, 'trace-400')
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(400)
})
