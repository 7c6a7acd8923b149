import { describe, expect, it } from 'vitest'
import { WindowCount, WindowQuantiles } from './sketch'

describe('WindowQuantiles', () => {
  it('is within 2 % of the exact quantile', () => {
    const sketch = new WindowQuantiles()
    const values = Array.from({ length: 5000 }, (_, i) => 0.1 * 1.0025 ** ((i * 7919) % 5000))
    values.forEach((value) => sketch.add(value, 1000))
    const sorted = [...values].sort((a, b) => a - b)
    const shares = [0.05, 0.5, 0.95, 0.99]
    sketch.quantiles(shares, 1000).forEach((estimate, i) => {
      const exact = sorted[Math.ceil(shares[i] * sorted.length) - 1]
      expect(Math.abs((estimate ?? 0) - exact) / exact).toBeLessThan(0.021)
    })
  })
  it('forgets what has left the window', () => {
    const sketch = new WindowQuantiles(12, 5000)
    sketch.add(900, 0)
    sketch.add(10, 30_000)
    expect(sketch.quantiles([1], 59_000)[0]).toBeGreaterThan(800)
    expect(sketch.quantiles([1], 61_000)[0]).toBeLessThan(11)
    expect(sketch.quantiles([0.5], 200_000)).toEqual([null])
  })
  it('takes clocks that jump and values that are none', () => {
    const sketch = new WindowQuantiles(4, 1000)
    sketch.add(Number.NaN, 0)
    sketch.add(-1, 0)
    sketch.add(5, 100_000)
    sketch.add(9999, 2000) // long before the window
    expect(sketch.quantiles([0.5, 1], 100_000).map((value) => Math.round(value ?? 0))).toEqual([5, 5])
    sketch.add(1e12, 100_000)
    expect(sketch.quantiles([1], 100_000)[0]).toBeGreaterThan(60_000)
  })
})

describe('WindowCount', () => {
  it('counts, rates and draws the window', () => {
    const count = new WindowCount(5, 1000)
    expect(count.course(0)).toHaveLength(5)
    for (const at of [0, 100, 1200, 4900]) count.add(at)
    expect(count.total(4999)).toBe(4)
    expect(count.course(4999)).toEqual([2, 1, 0, 0, 1])
    expect(count.total(6000)).toBe(1)
    expect(count.rate(8500)).toBeCloseTo(0.2)
  })
  it('does not dilute the rate of what has just begun', () => {
    const count = new WindowCount(60, 1000)
    for (let i = 0; i < 20; i += 1) count.add(1000 + i * 100)
    expect(count.rate(3000)).toBeCloseTo(10)
  })
})
