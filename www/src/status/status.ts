/** `/api/telemetry/status`, read without trusting it. */

export interface Destination {
  name: string
  signals: string[]
  queued: number
  queuedBytes: number
  maxBytes: number
  failures: number
  lastError: string
  /** Epoch milliseconds, 0 for never. */
  lastSuccessMs: number
}

export interface Store {
  traces: number
  spans: number
  bytes: number
  maxBytes: number
  evictedTraces: number
  evictedSpans: number
}

export interface Count {
  outcome: string
  signal: string
  destination: string
  reason: string
  value: number
}

export interface ServerStatus {
  enabled: boolean
  serviceName: string
  destinations: Destination[]
  store: Store | null
  counts: Count[]
}

type Fields = Record<string, unknown>

const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0)
const string = (value: unknown): string => (typeof value === 'string' ? value : '')

export function readStatus(body: unknown): ServerStatus {
  const raw = fields(body)
  return {
    enabled: raw.enabled === true,
    serviceName: string(raw.service_name),
    destinations: list(raw.destinations).map((entry) => {
      const destination = fields(entry)
      const queue = fields(destination.queue)
      return {
        name: string(destination.name),
        signals: list(destination.signals).map(string),
        queued: number(queue.items),
        queuedBytes: number(queue.bytes),
        maxBytes: number(queue.max_bytes),
        failures: number(destination.failures),
        lastError: string(destination.last_error),
        lastSuccessMs: number(destination.last_success_ms),
      }
    }),
    store: readStore(raw.store),
    counts: list(raw.counts).map((entry) => {
      const count = fields(entry)
      return {
        outcome: string(count.outcome).toLowerCase(),
        signal: string(count.signal).toLowerCase(),
        destination: string(count.destination),
        reason: string(count.reason),
        value: number(count.value),
      }
    }),
  }
}

function readStore(value: unknown): Store | null {
  if (typeof value !== 'object' || value === null) return null
  const store = fields(value)
  return {
    traces: number(store.traces),
    spans: number(store.spans),
    bytes: number(store.bytes),
    maxBytes: number(store.max_bytes),
    evictedTraces: number(store.evicted_traces),
    evictedSpans: number(store.evicted_spans),
  }
}

/** Counts that somebody should look into: lost although a destination was meant to have it. */
export function isLoss(count: Count): boolean {
  return (count.outcome === 'dropped' || count.outcome === 'rejected') && count.reason !== 'no_destination' && count.value > 0
}

/** Sum over everything with this outcome. */
export function totalOf(status: ServerStatus, outcome: string): number {
  return status.counts.reduce((sum, count) => (count.outcome === outcome ? sum + count.value : sum), 0)
}
