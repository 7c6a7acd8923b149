/** `/api/telemetry/status`, read without trusting it. */
import { fields, list, number, string } from '../shared/raw'

export const SIGNALS = ['traces', 'logs', 'metrics'] as const
export type SignalName = (typeof SIGNALS)[number]

export interface Destination {
  name: string
  signals: string[]
  /** Whether it is sent to, as the operator wants it. */
  state: 'active' | 'paused' | 'draining'
  /** Whether it is sent to, as it answers. */
  circuit: 'closed' | 'open' | 'half_open'
  /** When the next attempt is made, epoch milliseconds; 0 where none is waited for. */
  nextAttemptMs: number
  requests: number
  queued: number
  queuedBytes: number
  maxBytes: number
  /** How long the oldest request has been waiting. */
  oldestMs: number
  durable: boolean
  /** Items per second over the last minute, and requests per second that had to be repeated. */
  rates: { in: number; out: number; dropped: number; retries: number }
  /** Of the answers of the last minute; `null` without one. */
  latency: { p50Ms: number; p95Ms: number } | null
  failures: number
  lastError: string
  /** Epoch milliseconds, 0 for never. */
  lastSuccessMs: number
}

/** The choice among whole traces. */
export interface Tail {
  traces: number
  spans: number
  bytes: number
  maxBytes: number
  kept: number
  dropped: number
  early: number
  late: number
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
  tail: Tail | null
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
    destinations: list(raw.destinations).map(readDestination),
    tail: readTail(raw.tail),
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

function readDestination(entry: unknown): Destination {
  const destination = fields(entry)
  const circuit = fields(destination.circuit)
  const queue = fields(destination.queue)
  const rates = fields(destination.rates)
  const latency = fields(destination.latency)
  return {
    name: string(destination.name),
    signals: list(destination.signals).map(string),
    state: oneOf(destination.state, ['active', 'paused', 'draining']),
    circuit: oneOf(circuit.state, ['closed', 'open', 'half_open']),
    nextAttemptMs: number(circuit.until_ms),
    requests: number(queue.requests),
    queued: number(queue.items),
    queuedBytes: number(queue.bytes),
    maxBytes: number(queue.max_bytes),
    oldestMs: number(queue.oldest_ms),
    durable: queue.durable === true,
    rates: { in: number(rates.in), out: number(rates.out), dropped: number(rates.dropped), retries: number(rates.retries) },
    latency: typeof latency.p50_ms === 'number' ? { p50Ms: latency.p50_ms, p95Ms: number(latency.p95_ms) } : null,
    failures: number(destination.failures),
    lastError: string(destination.last_error),
    lastSuccessMs: number(destination.last_success_ms),
  }
}

/** The first of them where it is none of them. */
function oneOf<T extends string>(value: unknown, known: readonly [T, ...T[]]): T {
  return known.find((one) => one === value) ?? known[0]
}

function readTail(value: unknown): Tail | null {
  if (typeof value !== 'object' || value === null) return null
  const tail = fields(value)
  return {
    traces: number(tail.traces),
    spans: number(tail.spans),
    bytes: number(tail.bytes),
    maxBytes: number(tail.max_bytes),
    kept: number(tail.kept),
    dropped: number(tail.dropped),
    early: number(tail.early),
    late: number(tail.late),
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
  return (count.outcome === 'dropped' || count.outcome === 'rejected') && !isWanted(count.reason) && count.value > 0
}

/** Nobody takes the signal, a rule drops it, or its trace was not chosen: as it was set. */
function isWanted(reason: string): boolean {
  return reason === 'no_destination' || reason === 'not_chosen' || reason.startsWith('route: ')
}

/** Sum over everything with this outcome. */
export function totalOf(status: ServerStatus, outcome: string): number {
  return status.counts.reduce((sum, count) => (count.outcome === outcome ? sum + count.value : sum), 0)
}

/** What can become of telemetry, as counted. */
export const OUTCOMES = ['accepted', 'exported', 'rejected', 'dropped'] as const

/** With a capital and a full stop: the server's reasons are parts of a sentence. */
export function sentence(text: string): string {
  if (text === '') return ''
  const end = /[.!?]$/.test(text) ? '' : '.'
  return text.charAt(0).toUpperCase() + text.slice(1) + end
}
