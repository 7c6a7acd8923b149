/** Spans that a test sends itself, through the server's relay. */
import type { Server } from './server'

let last = 0

/** One span of this name, accepted by the relay. */
export async function sendSpan(server: Server, name: string): Promise<void> {
  last += 1
  const id = last.toString(16).padStart(16, '0')
  const at = `${Date.now()}000000`
  const span = { traceId: `00000000000000ff${id}`, spanId: id, name, kind: 2, startTimeUnixNano: at, endTimeUnixNano: at }
  const body = JSON.stringify({ resourceSpans: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }, scopeSpans: [{ spans: [span] }] }] })
  const response = await server.api('/v1/traces', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  if (!response.ok) throw new Error(`the relay answered ${response.status}: ${await response.text()}`)
}
