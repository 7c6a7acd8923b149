import { describe, expect, it } from 'vitest'
import { isLoss, readStatus, totalOf } from './status'

describe('readStatus', () => {
  it('reads what the server reports', () => {
    const status = readStatus({
      enabled: true,
      service_name: 'aetherterm-backend',
      destinations: [
        { name: 'localhost:4318', signals: ['traces'], queue: { requests: 2, items: 40, bytes: 900, max_bytes: 1000 }, failures: 3, last_error: 'refused', last_success_ms: 5 },
      ],
      store: { traces: 1, spans: 2, bytes: 3, max_bytes: 4, evicted_traces: 5, evicted_spans: 6 },
      counts: [
        { outcome: 'Dropped', signal: 'traces', destination: 'none', reason: 'queue_full', value: 7 },
        { outcome: 'dropped', signal: 'logs', destination: 'none', reason: '', value: 1 },
      ],
    })
    expect(status.destinations[0]).toMatchObject({ queued: 40, queuedBytes: 900, failures: 3, lastError: 'refused' })
    expect(status.store).toMatchObject({ maxBytes: 4, evictedSpans: 6 })
    expect(totalOf(status, 'dropped')).toBe(8)
    expect(status.counts.map(isLoss)).toEqual([true, true])
    expect(isLoss({ outcome: 'dropped', signal: 'metrics', destination: 'none', reason: 'no_destination', value: 5 })).toBe(false)
  })
  it('takes anything', () => {
    for (const odd of [null, 1, 'x', [], { destinations: 1, counts: [null], store: 'no' }]) {
      expect(readStatus(odd).enabled).toBe(false)
    }
  })
})
