import { describe, expect, it } from 'vitest'
import { areaPath, linePath, maximum, niceMaximum } from './scale'

describe('niceMaximum', () => {
  it('is the next usual number of its unit', () => {
    expect([0.03, 0.2, 1, 1.1, 7, 42, 100, 101].map((value) => niceMaximum(value))).toEqual([0.05, 0.2, 1, 2, 10, 50, 100, 200])
    expect([1, 1025, 3_000_000].map((value) => niceMaximum(value, 'bytes'))).toEqual([1024, 2048, 4_194_304])
    expect([7, 31, 9000, 11_000, 172_000, 90_000_000].map((value) => niceMaximum(value, 'ms'))).toEqual([10, 50, 10_000, 15_000, 300_000, 172_800_000])
  })
  it('has room for nothing', () => {
    expect([niceMaximum(0), niceMaximum(Number.NaN), niceMaximum(0, 'bytes'), niceMaximum(-1, 'ms')]).toEqual([1, 1, 1024, 10])
  })
})

describe('lines', () => {
  it('end at the right edge, and stay in the box', () => {
    expect(linePath([0, 5, 20], 5, 10)).toBe('M2 100.0L3 50.0L4 0.0')
    expect(areaPath([0, 10], 3, 10)).toBe('M1 100.0L2 0.0L2 100L1 100Z')
  })
  it('are broken where nothing was measured', () => {
    expect(linePath([1, null, 2, 3], 4, 4)).toBe('M0 75.0h0.5M2 50.0L3 25.0')
    expect(linePath([null, 2], 2, 4)).toBe('M1 50.0h-0.5')
    expect(areaPath([1, null, 2], 3, 4)).toBe('')
    expect([linePath([], 60, 1), areaPath([1], 60, 1)]).toEqual(['', ''])
  })
  it('know their largest value', () => {
    expect(maximum([[1, null, 3], [], [2]])).toBe(3)
  })
})
