import { describe, expect, it } from 'vitest'
import { span } from './fixtures'
import { estimateOffsets } from './skew'

const server = { processId: 'p2', service: 'server', kind: 'server' }

describe('estimateOffsets', () => {
  it('believes clocks that fit', () => {
    expect(estimateOffsets([span('a', null, 0, 100, { kind: 'client' }), span('b', 'a', 20, 80, server)])).toEqual([])
  })
  it('lets a handler outlive its caller and a consumer run later', () => {
    expect(estimateOffsets([span('a', null, 0, 10, { kind: 'producer' }), span('b', 'a', 500, 900, server)])).toEqual([])
    expect(estimateOffsets([span('a', null, 0, 10, { kind: 'client' }), span('b', 'a', 5, 900, server)])).toEqual([])
  })
  it('moves a child that starts before its parent', () => {
    expect(estimateOffsets([span('a', null, 1000, 1010, { kind: 'producer' }), span('b', 'a', 400, 450, server)])).toEqual([
      { processId: 'p2', service: 'server', offsetUs: 600 },
    ])
  })
  it('centres between the bounds when messages went both ways', () => {
    const offsets = estimateOffsets([
      span('send', null, 1000, 1100, { kind: 'client' }),
      span('process', 'send', 5000, 5020, server),
      span('answer', 'process', 5020, 5021, { ...server, kind: 'producer' }),
      span('heard', 'answer', 1090, 1095, { kind: 'consumer' }),
    ])
    // The server began no earlier than 1000 and answered no later than 1090.
    expect(offsets).toEqual([{ processId: 'p2', service: 'server', offsetUs: Math.round((-4000 + -3930) / 2) }])
  })
  it('does not move one span of a process and leave another', () => {
    const offsets = estimateOffsets([
      span('a', null, 1000, 2000, { kind: 'client' }),
      span('b', 'a', 900, 950, server),
      span('c', 'a', 1500, 1600, server),
    ])
    expect(offsets).toHaveLength(1)
    expect(offsets[0].offsetUs).toBeGreaterThanOrEqual(100)
  })
  it('carries an offset on to processes further down', () => {
    const offsets = estimateOffsets([
      span('a', null, 10_000, 10_100, { kind: 'producer' }),
      span('b', 'a', 0, 50, { ...server, kind: 'producer' }),
      span('c', 'b', 10, 20, { processId: 'p3', service: 'database' }),
    ])
    expect(offsets.map((offset) => [offset.service, offset.offsetUs])).toEqual([['server', 10_000], ['database', 9990]])
  })
  it('ends on contradictions and loops', () => {
    const offsets = estimateOffsets([
      span('a', 'b', 0, 10, { kind: 'client' }),
      span('b', 'a', 100, 200, server),
      span('c', 'a', 5000, 5100, server),
    ])
    expect(Array.isArray(offsets)).toBe(true)
  })
})
