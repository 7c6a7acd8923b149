/** Two hundred interactions of the page, every one of them joined across both services. */
import { openTerminal, screen, typeLine } from '../support/page'
import { expect, test } from '../support/test'
import { BACKEND, FRONTEND, type Span, waitForSpans } from '../support/traces'

const INTERACTIONS = 200

test(`all of ${INTERACTIONS} Socket.IO interactions are joined`, async ({ server, page }) => {
  test.setTimeout(120_000)
  await openTerminal(page, server)
  // Each line is 39 keystrokes and an Enter, each of them an event of its own.
  for (let line = 0; line < INTERACTIONS / 40; line += 1) {
    await typeLine(page, `: ${String(line).padStart(2, '0')} ${'abcdefghijklmnopqrstuvwxyz0123456789'.slice(0, 34)}`)
  }
  await typeLine(page, 'echo $((40+2))')
  await expect(screen(page)).toContainText('42')

  const sends = (spans: Span[]) =>
    spans.filter((span) => span.service === FRONTEND && span.tags['messaging.system'] === 'socketio' && span.name.startsWith('send '))
  const joined = (spans: Span[]) =>
    sends(spans).filter((send) =>
      spans.some(
        (other) =>
          other.service === BACKEND &&
          other.traceId === send.traceId &&
          other.parentId === send.spanId &&
          other.name === send.name.replace('send', 'process'),
      ),
    )
  const result = await waitForSpans(
    server,
    (spans) => {
      const all = sends(spans).length
      return all >= INTERACTIONS && joined(spans).length === all ? { all, joined: joined(spans).length } : undefined
    },
    `${INTERACTIONS} joined interactions`,
  )
  console.log(`joined interactions: ${result.joined} of ${result.all}`)
  expect(result.joined).toBe(result.all)
})
