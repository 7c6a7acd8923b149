import { describe, expect, it } from 'vitest'
import { statusOf } from './fixtures'
import { isLoss, readStatus, sentence, totalOf } from './status'

describe('readStatus', () => {
  it('reads what the server reports', () => {
    const status = statusOf({
      store: { traces: 1, spans: 2, bytes: 3, max_bytes: 4, evicted_traces: 5, evicted_spans: 6 },
      tail: { traces: 3, spans: 9, bytes: 90, max_bytes: 100, kept: 1, dropped: 7, early: 2, late: 1 },
      counts: [
        { outcome: 'Dropped', signal: 'traces', destination: 'none', reason: 'queue_full', value: 7 },
        { outcome: 'dropped', signal: 'logs', destination: 'none', reason: '', value: 1 },
      ],
    }, { state: 'draining', circuit: { state: 'open', until_ms: 70 }, failures: 3, last_error: 'refused' })
    expect(status.destinations[0]).toMatchObject({ state: 'draining', circuit: 'open', nextAttemptMs: 70, queued: 9, oldestMs: 1500, durable: true, failures: 3, lastError: 'refused' })
    expect(status.destinations[0]).toMatchObject({ rates: { in: 2, out: 1.5, dropped: 0, retries: 0.5 }, latency: { p50Ms: 12, p95Ms: 31 } })
    expect(status.store).toMatchObject({ maxBytes: 4, evictedSpans: 6 })
    expect(status.tail).toMatchObject({ spans: 9, maxBytes: 100, kept: 1, dropped: 7, early: 2, late: 1 })
    expect(totalOf(status, 'dropped')).toBe(8)
    expect(status.counts.map(isLoss)).toEqual([true, true])
    const wanted = ['no_destination', 'not_chosen', 'route: no health checks'].map((reason) => ({ outcome: 'dropped', signal: 'metrics', destination: 'none', reason, value: 5 }))
    expect(wanted.map(isLoss)).toEqual([false, false, false])
  })
  it('takes anything', () => {
    for (const odd of [null, 1, 'x', [], { destinations: 1, counts: [null], store: 'no' }]) {
      expect(readStatus(odd).enabled).toBe(false)
    }
    expect(readStatus({ destinations: [{ state: 'odd', circuit: 5, latency: { p50_ms: null } }] }).destinations[0]).toMatchObject({ state: 'active', circuit: 'closed', latency: null })
  })
  it('makes sentences of reasons', () => {
    expect(['the disk is full', 'Done!', ''].map(sentence)).toEqual(['The disk is full.', 'Done!', ''])
  })
})
