/** One trace as one row of the list, and what the list can be narrowed to. */
import type { Span, Trace } from './jaeger'
import { clockShift, estimateOffsets } from './skew'

export interface ServiceShare {
  name: string
  spans: number
}

export interface TraceSummary {
  traceId: string
  rootName: string
  rootService: string
  /** Epoch microseconds of the earliest span. */
  startUs: number
  /** From the first start to the last end, microseconds. */
  durationUs: number
  spanCount: number
  errorCount: number
  /** Services by order of appearance. */
  services: ServiceShare[]
  /** True when no span without a parent has arrived (yet). */
  rootMissing: boolean
  /** Lower-case names, services and ids, for the text filter. */
  haystack: string
}

/** Times are on the common clock of the trace (see `skew.ts`) unless they are wanted as recorded. */
export function summarise(trace: Trace, asRecorded = false): TraceSummary {
  const shift = clockShift(asRecorded ? [] : estimateOffsets(trace.spans))
  const start = (span: Span) => span.startUs + shift(span)
  const spans = [...trace.spans].sort((a, b) => start(a) - start(b))
  const ids = new Set(spans.map((span) => span.spanId))
  const root = spans.find((span) => span.parentId === null) ?? spans.find((span) => !ids.has(span.parentId ?? '')) ?? spans[0]
  const services = new Map<string, number>()
  const names = new Set<string>()
  let endUs = -Infinity
  let errorCount = 0
  for (const span of spans) {
    services.set(span.service, (services.get(span.service) ?? 0) + 1)
    names.add(span.name)
    endUs = Math.max(endUs, start(span) + span.durationUs)
    if (span.error) errorCount += 1
  }
  return {
    traceId: trace.traceId,
    rootName: root.name,
    rootService: root.service,
    startUs: start(spans[0]),
    durationUs: endUs - start(spans[0]),
    spanCount: spans.length,
    errorCount,
    services: [...services].map(([name, count]) => ({ name, spans: count })),
    rootMissing: root.parentId !== null,
    haystack: [trace.traceId, ...services.keys(), ...names].join('\n').toLowerCase(),
  }
}

export interface ListFilter {
  /** Words that must all occur in a name, service or trace id. */
  text: string
  errorsOnly: boolean
  /** Microseconds; 0 keeps everything. */
  minDurationUs: number
}

export function matches(summary: TraceSummary, filter: ListFilter): boolean {
  if (filter.errorsOnly && summary.errorCount === 0) return false
  if (summary.durationUs < filter.minDurationUs) return false
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  return words.every((word) => summary.haystack.includes(word))
}

export type SortKey = 'recent' | 'longest' | 'spans' | 'errors'

export function compare(key: SortKey): (a: TraceSummary, b: TraceSummary) => number {
  const recent = (a: TraceSummary, b: TraceSummary) => b.startUs - a.startUs
  switch (key) {
    case 'recent':
      return recent
    case 'longest':
      return (a, b) => b.durationUs - a.durationUs || recent(a, b)
    case 'spans':
      return (a, b) => b.spanCount - a.spanCount || recent(a, b)
    case 'errors':
      return (a, b) => b.errorCount - a.errorCount || recent(a, b)
  }
}

/** Reads `5ms`, `1.5 s`, `250us` or a bare number of milliseconds; `null` when it is none of these. */
export function parseDuration(input: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(us|µs|ms|s|m)?\s*$/i.exec(input)
  if (!match) return null
  const factor = { us: 1, µs: 1, ms: 1000, s: 1_000_000, m: 60_000_000 }[(match[2] ?? 'ms').toLowerCase()] ?? 1000
  return Number(match[1]) * factor
}

/** True when a span shows the text in its name, service or attributes. */
export function spanMatches(span: Span, needle: string): boolean {
  const wanted = needle.trim().toLowerCase()
  if (wanted === '') return false
  if (span.name.toLowerCase().includes(wanted) || span.service.toLowerCase().includes(wanted)) return true
  return span.attributes.some(({ key, value }) => key.toLowerCase().includes(wanted) || value.toLowerCase().includes(wanted))
}
