/** `/api/telemetry/history`: the last minutes of every destination, read without trusting it. */
import { fields, list, number } from '../shared/raw'

/** Columns of one destination, the oldest first. `null` where nothing was measured. */
export interface Columns {
  /** Items per second. */
  in: Column
  out: Column
  dropped: Column
  /** Requests per second that had to be repeated. */
  retries: Column
  queueRequests: Column
  queueBytes: Column
  oldestMs: Column
  p50Ms: Column
  p95Ms: Column
}

export type Column = (number | null)[]

export interface History {
  everyMs: number
  /** When the last sample was taken, epoch milliseconds. */
  untilMs: number
  destinations: Map<string, Columns>
  /** Whole traces that are held until they are decided, and those that were per second; `null` where there is no such choice. */
  tail: { bytes: Column; kept: Column; dropped: Column } | null
}

/** Samples that a chart has room for: what the server keeps. */
export const SAMPLES = 60

export function readHistory(body: unknown): History {
  const raw = fields(body)
  return {
    everyMs: number(raw.every_ms) || 5000,
    untilMs: number(raw.until_ms),
    destinations: new Map(Object.entries(fields(raw.destinations)).map(([name, columns]) => [name, readColumns(columns)])),
    tail: readTail(raw.tail, (number(raw.every_ms) || 5000) / 1000),
  }
}

function readTail(value: unknown, everySeconds: number): History['tail'] {
  if (typeof value !== 'object' || value === null) return null
  const raw = fields(value)
  const perSecond = (counts: unknown) => column(counts).map((count) => count && count / everySeconds)
  return { bytes: column(raw.bytes), kept: perSecond(raw.kept), dropped: perSecond(raw.dropped) }
}

function readColumns(value: unknown): Columns {
  const raw = fields(value)
  return {
    in: column(raw.in),
    out: column(raw.out),
    dropped: column(raw.dropped),
    retries: column(raw.retries),
    queueRequests: column(raw.queue_requests),
    queueBytes: column(raw.queue_bytes),
    oldestMs: column(raw.oldest_ms),
    p50Ms: column(raw.p50_ms),
    p95Ms: column(raw.p95_ms),
  }
}

function column(value: unknown): Column {
  return list(value)
    .slice(-SAMPLES)
    .map((one) => (typeof one === 'number' && Number.isFinite(one) ? one : null))
}
