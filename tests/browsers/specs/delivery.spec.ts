/** What was recorded arrives although the connection was lost, or the page is gone. */
import { BACKEND, FRONTEND, type Span, waitForSpans } from '../../e2e/support/traces'
import { type Aetherterm, expect, openTerminal, screen, test, typeLine } from '../support/aetherterm'
import { type Tab, shown } from '../support/tab'

const state = (tab: Tab) => shown(tab, '[data-testid=connection-state]')

/** Each key that the server got, with the span of the page that has sent it; nothing while one is missing. */
const keysOfBoth = (spans: Span[], least: number) => {
  const handled = spans.filter((span) => span.service === BACKEND && span.name === 'process terminal:input')
  const sent = handled.filter((handler) => spans.some((span) => span.service === FRONTEND && span.spanId === handler.parentId))
  return handled.length >= least && sent.length === handled.length ? handled : undefined
}

/** Types a command and leaves no key without its echo: their spans have ended, and wait to be sent. */
async function work(tab: Tab, server: Aetherterm): Promise<void> {
  await openTerminal(tab, server)
  await typeLine(tab, 'true')
  await expect.poll(() => screen(tab)).toMatch(/[$#] true\s[^]*[$#]/)
}

const keysArrive = (server: Aetherterm, least: number) => waitForSpans(server, (spans) => keysOfBoth(spans, least), 'all keys, with both sides')

test('a lost connection is said, what happens meanwhile is told later, and the shell is the same', async ({ tab, server }) => {
  await openTerminal(tab, server)
  await typeLine(tab, 'kept=yes; echo before')
  await expect.poll(() => screen(tab)).toContain('before')
  server.link.cut()
  await expect.poll(() => state(tab)).not.toMatch(/^connected/i)
  expect(await tab.evaluate(() => fetch('/api/health?while=lost').then(() => 'answered', () => 'failed'))).toBe('failed')
  server.link.restore()
  await expect.poll(() => state(tab), { timeout: 30_000 }).toMatch(/^connected/i)
  await typeLine(tab, 'echo "kept=$kept"')
  await expect.poll(() => screen(tab)).toContain('kept=yes')
  const failed = await waitForSpans(
    server,
    (spans) => spans.find((span) => span.service === FRONTEND && span.name === 'GET' && span.error),
    'the request that has failed while the connection was lost',
  )
  expect(failed.tags['error.type']).toBeTruthy()
})

test('a page that is left at once has told everything', async ({ tab, server }) => {
  await work(tab, server)
  await tab.goto('about:blank')
  await keysArrive(server, 5)
})

test('so has a tab that is closed', async ({ tab, server }) => {
  const other = await tab.another()
  await work(other, server)
  await other.close()
  await keysArrive(server, 5)
})
