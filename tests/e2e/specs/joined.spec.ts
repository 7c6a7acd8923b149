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

  const sent = (spans: Span[], service: string) =>
    spans.filter(
      (span) => span.service === service && span.tags['messaging.system'] === 'socketio' && span.name.startsWith('send '),
    )
  // An event is joined when the other service processed it as a child of its send span.
  const joined = (spans: Span[], service: string) =>
    sent(spans, service).filter((send) =>
      spans.some(
        (other) =>
          other.service !== service &&
          other.traceId === send.traceId &&
          other.parentId === send.spanId &&
          other.name === send.name.replace('send', 'process'),
      ),
    )
  const counts = await waitForSpans(
    server,
    (spans) => {
      const of = (service: string) => ({ joined: joined(spans, service).length, sent: sent(spans, service).length })
      const counts = { page: of(FRONTEND), server: of(BACKEND) }
      const complete = counts.page.joined === counts.page.sent && counts.server.joined === counts.server.sent
      return complete && counts.page.sent >= INTERACTIONS ? counts : undefined
    },
    `${INTERACTIONS} joined interactions`,
  )
  console.log(`joined: ${counts.page.joined} of ${counts.page.sent} events of the page, ${counts.server.joined} of ${counts.server.sent} of the server`)
  expect(counts.page.joined).toBe(counts.page.sent)
  expect(counts.server.joined).toBe(counts.server.sent)
})
