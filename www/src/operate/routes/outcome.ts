/** What a dry run says, made fit to be read: equal items together, and how often each rule matched. */
import type { Run } from '../config'

export interface Way {
  name: string
  items: number
  rules: string[]
  to: string[]
  droppedBy: string
}

/** Items of the same name that go the same way, the most frequent first. */
export function ways(run: Run): Way[] {
  const found = new Map<string, Way>()
  for (const { name, rules, to, droppedBy } of run.items) {
    const key = JSON.stringify([name, rules, to, droppedBy])
    const way = found.get(key)
    if (way) way.items += 1
    else found.set(key, { name, items: 1, rules, to, droppedBy })
  }
  return [...found.values()].sort((a, b) => b.items - a.items)
}

/** How many items each rule matched, in all runs. */
export function matches(runs: readonly Run[]): Map<string, number> {
  const found = new Map<string, number>()
  for (const { items } of runs) for (const { rules } of items) for (const rule of rules) found.set(rule, (found.get(rule) ?? 0) + 1)
  return found
}

export const itemCount = (runs: readonly Run[]): number => runs.reduce((sum, { items }) => sum + items.length, 0)

/** Samples as they are typed: one request of OTLP/JSON, or a list of them. Throws a sentence. */
export function parseSamples(text: string): unknown[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Error(`This is not JSON: ${(cause as Error).message}`, { cause })
  }
  return Array.isArray(value) ? (value as unknown[]) : [value]
}

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })

/** A sample to begin with: two spans, one of them failed. */
export const EXAMPLE = JSON.stringify(
  {
    resourceSpans: [
      {
        resource: { attributes: [attribute('service.name', 'shop')] },
        scopeSpans: [
          {
            spans: [
              { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', name: 'GET /cart', kind: 2, startTimeUnixNano: '1790000000000000000', endTimeUnixNano: '1790000000012000000', attributes: [attribute('http.route', '/cart')] },
              { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', name: 'POST /checkout', kind: 2, startTimeUnixNano: '1790000000000000000', endTimeUnixNano: '1790000002500000000', status: { code: 2 }, attributes: [attribute('user.email', 'a@example.org')] },
            ],
          },
        ],
      },
    ],
  },
  null,
  2,
)
