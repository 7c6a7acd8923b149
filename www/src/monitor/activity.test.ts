import type { SocketActivity } from '@aetherterm/telemetry'
import { describe, expect, it } from 'vitest'
import { ActivityLog, LIMITS, OTHER_EVENTS } from './activity'

let clock = 0
const log = () => {
  clock = 1_000_000
  return new ActivityLog(() => clock)
}
const activity = (type: SocketActivity['type'], id: string, more: Partial<SocketActivity> = {}): SocketActivity => ({
  type, id, event: 'terminal:create', namespace: '/', at: clock, expectsReply: type === 'sent', ...more,
})

describe('ActivityLog', () => {
  it('holds a request until it is answered', () => {
    const monitor = log()
    monitor.add(activity('sent', 'a', { traceId: 't1' }))
    clock += 250
    expect(monitor.snapshot().pending).toEqual([{ id: 'a', event: 'terminal:create', traceId: 't1', sinceMs: 1_000_000 }])
    monitor.add(activity('answered', 'a', { durationMs: 250 }))
    const { pending, stats } = monitor.snapshot()
    expect(pending).toEqual([])
    expect(stats[0]).toMatchObject({ event: 'terminal:create', direction: 'sent', count: 1, errors: 0, errorShare: 0 })
    expect(stats[0].p95Ms).toBeGreaterThan(240)
  })
  it.each(['timeout', 'failed'] as const)('counts a %s as an error of its event', (type) => {
    const monitor = log()
    for (const id of ['a', 'b', 'c', 'd']) monitor.add(activity('sent', id))
    monitor.add(activity(type, 'a'))
    const { pending, stats, totals } = monitor.snapshot()
    expect(pending).toHaveLength(3)
    expect(stats[0]).toMatchObject({ errors: 1, errorShare: 0.25 })
    expect(totals.failed).toBe(1)
  })
  it('keeps both directions of one event apart', () => {
    const monitor = log()
    monitor.add(activity('sent', 'a', { event: 'ping', expectsReply: false }))
    monitor.add(activity('received', 'b', { event: 'ping', durationMs: 1 }))
    expect(monitor.snapshot().stats.map((row) => row.direction).sort()).toEqual(['received', 'sent'])
    expect(monitor.snapshot().pending).toEqual([])
  })
  it('stays within its bounds and counts what they cost', () => {
    const monitor = log()
    for (let i = 0; i < 2000; i += 1) monitor.add(activity('sent', `r${i}`, { event: `event ${i}` }))
    const { pending, stats, recent, totals } = monitor.snapshot()
    expect(pending).toHaveLength(LIMITS.pending)
    expect(pending[0].id).toBe('r1500')
    expect(totals.pendingForgotten).toBe(1500)
    expect(stats).toHaveLength(LIMITS.events + 1)
    expect(stats[0]).toMatchObject({ event: OTHER_EVENTS, count: 2000 - LIMITS.events })
    expect(recent).toHaveLength(LIMITS.recent)
    expect(recent[0].id).toBe('r1999')
  })
  it('clears the log but not the statistics', () => {
    const monitor = log()
    monitor.add(activity('sent', 'a'))
    monitor.clearRecent()
    expect(monitor.snapshot().recent).toEqual([])
    expect(monitor.snapshot().stats).toHaveLength(1)
  })
})
