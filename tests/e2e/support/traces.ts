/** Reads traces through the Jaeger query API and builds their trees. */
import { expect } from '@playwright/test'

import type { Server } from './server'

export const FRONTEND = 'aetherterm-frontend'
export const BACKEND = 'aetherterm-backend'

export interface Span {
  traceId: string
  spanId: string
  parentId?: string
  links: string[]
  name: string
  kind: string
  service: string
  error: boolean
  startUs: number
  durationUs: number
  tags: Record<string, unknown>
  events: string[]
}

interface JaegerTag {
  key: string
  value: unknown
}

interface JaegerTrace {
  traceID: string
  spans: {
    traceID: string
    spanID: string
    operationName: string
    references: { refType: string; spanID: string }[]
    startTime: number
    duration: number
    tags: JaegerTag[]
    logs: { fields: JaegerTag[] }[]
    processID: string
  }[]
  processes: Record<string, { serviceName: string }>
}

/** All spans that the server holds, of every trace. */
export async function allSpans(server: Server): Promise<Span[]> {
  const response = await server.api('/jaeger/api/traces?limit=1500&lookback=1h')
  if (!response.ok) throw new Error(`query API: ${response.status} ${await response.text()}`)
  const body = (await response.json()) as { data: JaegerTrace[] }
  return body.data.flatMap(spansOf)
}

/** Spans of one trace. */
export async function traceSpans(server: Server, traceId: string): Promise<Span[]> {
  const response = await server.api(`/jaeger/api/traces/${traceId}`)
  if (!response.ok) return []
  const body = (await response.json()) as { data: JaegerTrace[] }
  return body.data.flatMap(spansOf)
}

export function spansOf(trace: JaegerTrace): Span[] {
  return trace.spans.map((span) => {
    const tags = Object.fromEntries(span.tags.map((tag) => [tag.key, tag.value]))
    return {
      traceId: trace.traceID,
      spanId: span.spanID,
      parentId: span.references.find((reference) => reference.refType === 'CHILD_OF')?.spanID,
      links: span.references.filter((reference) => reference.refType === 'FOLLOWS_FROM').map((r) => r.spanID),
      name: span.operationName,
      kind: String(tags['span.kind'] ?? 'internal'),
      service: trace.processes[span.processID].serviceName,
      error: tags.error === true || tags['otel.status_code'] === 'ERROR',
      startUs: span.startTime,
      durationUs: span.duration,
      tags,
      events: span.logs.map((log) => String(log.fields.find((field) => field.key === 'event')?.value ?? '')),
    }
  })
}

/** Waits until `find` sees what it wants among all spans, and returns it. */
export async function waitForSpans<T>(
  server: Server,
  find: (spans: Span[]) => T | undefined,
  what: string,
): Promise<T> {
  let found: T | undefined
  let seen: Span[] = []
  await expect
    .poll(
      async () => {
        seen = await allSpans(server)
        found = find(seen)
        return found !== undefined
      },
      { message: `waiting for ${what}`, timeout: 20_000 },
    )
    .toBe(true)
    .catch((error: unknown) => {
      const names = seen.map((span) => `${span.traceId.slice(-6)} ${span.service} ${span.kind} ${span.name}`)
      throw new Error(`${String(error)}\nspans seen:\n${names.join('\n')}`)
    })
  return found as T
}

/** The spans from the root down to `span`, as far as their parents are in `spans`. */
export function pathTo(span: Span, spans: Span[]): Span[] {
  const path = [span]
  for (let parent = parentOf(span, spans); parent; parent = parentOf(parent, spans)) {
    if (path.includes(parent)) throw new Error(`a loop of parents at ${parent.name}`)
    path.unshift(parent)
  }
  return path
}

function parentOf(span: Span, spans: Span[]): Span | undefined {
  return spans.find((other) => other.spanId === span.parentId && other.traceId === span.traceId)
}
