/**
 * Clocks of different processes never agree exactly. A child cannot start before its parent, and a request's child
 * cannot start after the request was answered: each such pair across two processes bounds how far the clocks are
 * apart, in both directions where messages went both ways. Only what breaks those bounds is moved, whole processes at
 * a time, and the reader is told.
 */
import type { Span } from './jaeger'

export interface ClockOffset {
  processId: string
  service: string
  /** Added to every start of this process, microseconds. */
  offsetUs: number
}

interface Bounds {
  /** Offset of the child process relative to the parent process, microseconds. */
  low: number
  high: number
}

/** Offsets of the processes that have to be moved; empty when all clocks can be believed as they are. */
export function estimateOffsets(spans: readonly Span[]): ClockOffset[] {
  const byId = new Map<string, Span>()
  for (const span of spans) if (!byId.has(span.spanId)) byId.set(span.spanId, span)

  const services = new Map<string, string>()
  const bounds = new Map<string, Map<string, Bounds>>()
  for (const span of spans) {
    services.set(span.processId, span.service)
    const parent = span.parentId === null ? undefined : byId.get(span.parentId)
    if (!parent || parent.processId === span.processId) continue
    const ahead = parent.startUs - span.startUs
    narrow(bounds, parent.processId, span.processId, ahead, Infinity)
    if (parent.kind === 'client' && !parent.error) {
      narrow(bounds, parent.processId, span.processId, -Infinity, ahead + parent.durationUs)
    }
  }

  const offsets = new Map<string, number>()
  for (const origin of originsFirst(spans, byId)) {
    if (!offsets.has(origin)) spread(origin, bounds, offsets)
  }
  return [...offsets]
    .filter(([, offsetUs]) => offsetUs !== 0)
    .map(([processId, offsetUs]) => ({ processId, service: services.get(processId) ?? processId, offsetUs }))
}

/** What to add to the start of a span, by these offsets. */
export function clockShift(offsets: readonly ClockOffset[]): (span: Span) => number {
  if (offsets.length === 0) return () => 0
  const byProcess = new Map(offsets.map(({ processId, offsetUs }) => [processId, offsetUs]))
  return (span) => byProcess.get(span.processId) ?? 0
}


function narrow(all: Map<string, Map<string, Bounds>>, from: string, to: string, low: number, high: number) {
  narrowOne(all, from, to, low, high)
  narrowOne(all, to, from, -high, -low)
}

function narrowOne(all: Map<string, Map<string, Bounds>>, from: string, to: string, low: number, high: number) {
  let row = all.get(from)
  if (!row) all.set(from, (row = new Map()))
  const known = row.get(to)
  if (!known) row.set(to, { low, high })
  else {
    known.low = Math.max(known.low, low)
    known.high = Math.min(known.high, high)
  }
}

/** Processes of root spans first: the clock of whoever began is the one the trace is shown by. */
function originsFirst(spans: readonly Span[], byId: ReadonlyMap<string, Span>): Set<string> {
  const roots = spans.filter((span) => span.parentId === null || !byId.has(span.parentId))
  const order = new Set<string>()
  for (const span of roots) if (span.parentId === null) order.add(span.processId)
  for (const span of [...roots, ...spans]) order.add(span.processId)
  return order
}

function spread(origin: string, bounds: Map<string, Map<string, Bounds>>, offsets: Map<string, number>) {
  offsets.set(origin, 0)
  const queue = [origin]
  for (let from = queue.shift(); from !== undefined; from = queue.shift()) {
    const base = offsets.get(from) ?? 0
    for (const [to, { low, high }] of bounds.get(from) ?? []) {
      if (offsets.has(to)) continue
      offsets.set(to, pick(base + low, base + high))
      queue.push(to)
    }
  }
}

/** The offset nearest to zero that is allowed; between the bounds when zero is not and both are known. */
function pick(low: number, high: number): number {
  if (low <= 0 && high >= 0) return 0
  if (low > high) return Math.round(low) // Contradictory: a child before its parent is the worse picture.
  if (Number.isFinite(low) && Number.isFinite(high)) return Math.round((low + high) / 2)
  return Math.round(low > 0 ? low : high)
}
