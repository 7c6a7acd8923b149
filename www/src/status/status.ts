/** `/api/telemetry/status`, read without trusting it. */
import { fields, list, number, string } from './raw'

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

/** A setting that cannot be used. */
export interface Problem {
  /** Variable, line of the file or builder method. */
  place: string
  /** Masked by the server where it may be a secret. */
  value: string
  remedy: string
}

/** The folder of the durable queues. */
export interface Storage {
  folder: string
  problem: string
  bytes: number
  recovered: number
  damaged: number
}

export interface DeadLetters {
  letters: number
  bytes: number
  lost: number
}

export interface ServerStatus {
  enabled: boolean
  /** Why it does not run; empty where it does. */
  offBecause: string
  problems: Problem[]
  warnings: string[]
  serviceName: string
  storage: Storage | null
  deadLetters: DeadLetters
  destinations: Destination[]
  store: Store | null
  counts: Count[]
}

export function readStatus(body: unknown): ServerStatus {
  const raw = fields(body)
  return {
    enabled: raw.enabled === true,
    offBecause: string(raw.off_because),
    problems: list(raw.problems).map((entry) => {
      const problem = fields(entry)
      return { place: string(problem.place), value: string(problem.value), remedy: string(problem.remedy) }
    }),
    warnings: list(raw.warnings).map(string),
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
    storage: readStorage(raw.storage),
    deadLetters: readDeadLetters(raw.dead_letters),
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

function readStorage(value: unknown): Storage | null {
  if (typeof value !== 'object' || value === null) return null
  const storage = fields(value)
  return {
    folder: string(storage.folder),
    problem: string(storage.problem),
    bytes: number(storage.bytes),
    recovered: number(storage.recovered),
    damaged: number(storage.damaged),
  }
}

function readDeadLetters(value: unknown): DeadLetters {
  const letters = fields(value)
  return { letters: number(letters.letters), bytes: number(letters.bytes), lost: number(letters.lost) }
}

/** Counts that somebody should look into: lost although a destination was meant to have it. */
export function isLoss(count: Count): boolean {
  return (count.outcome === 'dropped' || count.outcome === 'rejected') && count.reason !== 'no_destination' && count.value > 0
}

/** Sum over everything with this outcome. */
export function totalOf(status: ServerStatus, outcome: string): number {
  return status.counts.reduce((sum, count) => (count.outcome === outcome ? sum + count.value : sum), 0)
}
