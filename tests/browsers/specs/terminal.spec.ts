/** AetherTerm's own page: the terminal works, and each action is one trace of browser and server. */
import { BACKEND, FRONTEND, type Span, pathTo, waitForSpans } from '../../e2e/support/traces'
import { expect, noComplaints, openTerminal, screen, test, typeLine } from '../support/aetherterm'

/** `child` and its parent, joined across the two services. */
const joined = (spans: Span[], child: string): [Span, Span] | undefined => {
  for (const handler of spans) {
    if (handler.service !== BACKEND || handler.name !== child) continue
    const client = spans.find((span) => span.spanId === handler.parentId && span.traceId === handler.traceId && span.service === FRONTEND)
    if (client) return [client, handler]
  }
  return undefined
}

test('a key press is one trace from the page to its echo', async ({ tab, server }) => {
  await openTerminal(tab, server)
  await typeLine(tab, 'echo $((6*7)) in a $TERM')
  await expect.poll(() => screen(tab)).toContain('42 in a xterm-256color')
  const path = await waitForSpans(
    server,
    (spans) => {
      const paths = spans.filter((span) => span.service === FRONTEND && span.name === 'process terminal:output').map((span) => pathTo(span, spans))
      return paths.find((path) => path.some((step) => step.name === 'send terminal:input'))
    },
    'a key and its echo',
  )
  const from = path.findIndex((step) => step.name === 'send terminal:input')
  expect(path.slice(from).map((step) => `${step.service} ${step.kind} ${step.name}`)).toEqual([
    `${FRONTEND} client send terminal:input`,
    `${BACKEND} consumer process terminal:input`,
    `${BACKEND} producer send terminal:output`,
    `${FRONTEND} consumer process terminal:output`,
  ])
  expect(path[from]?.error).toBe(false)
  await noComplaints(tab)
})

test('requests and the connection go on in the server', async ({ tab, server }) => {
  await openTerminal(tab, server)
  expect(await tab.evaluate(() => fetch('/api/health').then((response) => response.status))).toBe(200)
  const [request] = await waitForSpans(server, (spans) => joined(spans, 'GET /api/health'), 'GET /api/health from the page')
  expect(request).toMatchObject({ kind: 'client', name: 'GET' })
  const [connection] = await waitForSpans(server, (spans) => joined(spans, 'connect /'), 'both sides of the connection')
  expect(connection).toMatchObject({ kind: 'client', name: 'connect /' })
  await noComplaints(tab)
})

test('every view of the page opens', async ({ tab, server }) => {
  await openTerminal(tab, server)
  await typeLine(tab, 'true')
  for (const view of ['traces', 'monitor', 'telemetry', 'terminal']) {
    await tab.click(`[data-testid=nav-${view}]`)
    await expect.poll(() => tab.evaluate((name) => !!document.querySelector(`[data-testid=${name}-view]`), view)).toBe(true)
  }
  await noComplaints(tab)
})
