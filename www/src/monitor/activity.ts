/**
 * What the Socket monitor knows: fed with every socket activity of the page, asked a few times a second.
 * Everything in here is bounded, and what a bound cost is counted.
 */
import type { SocketActivity } from '@aetherterm/telemetry'
import { WindowCount, WindowQuantiles } from './sketch'

export const LIMITS = {
  /** Requests waiting for an answer. */
  pending: 500,
  /** Events in the log. */
  recent: 300,
  /** Distinct event names with statistics of their own; the rest share one row. */
  events: 64,
} as const

/** The row of all events beyond {@link LIMITS.events}. */
export const OTHER_EVENTS = '(other events)'

export interface PendingRequest {
  id: string
  event: string
  traceId?: string
  /** Epoch milliseconds. */
  sinceMs: number
}

export type Direction = 'sent' | 'received'

export interface EventStats {
  key: string
  event: string
  direction: Direction
  /** In the last minute. */
  count: number
  ratePerSecond: number
  p50Ms: number | null
  p95Ms: number | null
  errors: number
  /** Share of requests, or of received events, that failed in the last minute. */
  errorShare: number
  /** Counts per second of the last minute, oldest first. */
  course: number[]
}

export interface Snapshot {
  pending: PendingRequest[]
  stats: EventStats[]
  recent: LoggedActivity[]
  /** Since the page was opened. */
  totals: { sent: number; received: number; failed: number; pendingForgotten: number }
}

export interface LoggedActivity extends SocketActivity {
  /** Unique within the log. */
  serial: number
}

interface Tracked {
  event: string
  direction: Direction
  seen: WindowCount
  errors: WindowCount
  latency: WindowQuantiles
}

export class ActivityLog {
  private readonly waiting = new Map<string, PendingRequest>()
  private readonly tracked = new Map<string, Tracked>()
  private log: LoggedActivity[] = []
  private serial = 0
  private readonly totals = { sent: 0, received: 0, failed: 0, pendingForgotten: 0 }

  /** Clock in epoch milliseconds; replaced in tests. */
  constructor(private readonly now: () => number = Date.now) {}

  add(activity: SocketActivity) {
    const at = this.now()
    this.remember(activity)
    switch (activity.type) {
      case 'sent':
        this.totals.sent += 1
        this.track(activity.event, 'sent').seen.add(at)
        if (activity.expectsReply) this.wait(activity, at)
        break
      case 'answered':
        this.waiting.delete(activity.id)
        if (activity.durationMs !== undefined) this.track(activity.event, 'sent').latency.add(activity.durationMs, at)
        break
      case 'timeout':
      case 'failed':
        this.totals.failed += 1
        this.waiting.delete(activity.id)
        this.track(activity.event, 'sent').errors.add(at)
        break
      case 'received': {
        this.totals.received += 1
        const tracked = this.track(activity.event, 'received')
        tracked.seen.add(at)
        if (activity.durationMs !== undefined) tracked.latency.add(activity.durationMs, at)
        break
      }
      case 'connection':
        break
    }
  }

  snapshot(): Snapshot {
    const at = this.now()
    const stats = [...this.tracked].map(([key, tracked]): EventStats => {
      const [p50Ms, p95Ms] = tracked.latency.quantiles([0.5, 0.95], at)
      const count = tracked.seen.total(at)
      const errors = tracked.errors.total(at)
      return {
        key,
        event: tracked.event,
        direction: tracked.direction,
        count,
        ratePerSecond: tracked.seen.rate(at),
        p50Ms,
        p95Ms,
        errors,
        errorShare: errors === 0 ? 0 : Math.min(1, errors / Math.max(errors, count)),
        course: tracked.seen.course(at),
      }
    })
    stats.sort((a, b) => b.count - a.count || a.event.localeCompare(b.event))
    return {
      pending: [...this.waiting.values()],
      stats,
      recent: this.log.slice(-LIMITS.recent).reverse(),
      totals: { ...this.totals },
    }
  }

  /** Empties the log of last events; statistics stay. */
  clearRecent() {
    this.log = []
  }

  private remember(activity: SocketActivity) {
    this.serial += 1
    this.log.push({ ...activity, serial: this.serial })
    // Cut in lumps, so that a busy socket does not move the whole log at every event.
    if (this.log.length >= LIMITS.recent * 2) this.log = this.log.slice(-LIMITS.recent)
  }

  private wait(activity: SocketActivity, at: number) {
    this.waiting.set(activity.id, { id: activity.id, event: activity.event, traceId: activity.traceId, sinceMs: at })
    if (this.waiting.size <= LIMITS.pending) return
    const oldest = this.waiting.keys().next()
    if (!oldest.done) this.waiting.delete(oldest.value)
    this.totals.pendingForgotten += 1
  }

  private track(event: string, direction: Direction): Tracked {
    const name = this.tracked.size >= LIMITS.events && !this.tracked.has(`${direction} ${event}`) ? OTHER_EVENTS : event
    const key = `${direction} ${name}`
    let tracked = this.tracked.get(key)
    if (!tracked) {
      tracked = { event: name, direction, seen: new WindowCount(), errors: new WindowCount(), latency: new WindowQuantiles() }
      this.tracked.set(key, tracked)
    }
    return tracked
  }
}
