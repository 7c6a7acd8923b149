import { describe, expect, it } from 'vitest'
import { formatAgo, formatBytes, formatClock, formatDuration, formatRate, formatShare, plural } from './format'

describe('formatDuration', () => {
  it.each([
    [0, '0 µs'],
    [412, '412 µs'],
    [999, '999 µs'],
    [999.6, '1 ms'],
    [3214, '3.21 ms'],
    [45_678, '45.7 ms'],
    [999_499, '999 ms'],
    [999_600, '1 s'],
    [1_250_000, '1.25 s'],
    [59_960_000, '1 m 00 s'],
    [123_000_000, '2 m 03 s'],
    [3_725_000_000, '1 h 02 m'],
    [-1500, '−1.5 ms'],
    [Number.NaN, '–'],
  ])('%d µs is %s', (us, text) => expect(formatDuration(us)).toBe(text))
})

describe('the other formats', () => {
  it('shows bytes with binary units', () => {
    expect(formatBytes(512)).toBe('512 B')
    expect(formatBytes(1536)).toBe('1.5 KiB')
    expect(formatBytes(67_108_864)).toBe('64 MiB')
    expect(formatBytes(1_048_575)).toBe('1 MiB')
  })
  it('never rounds a slow event down to zero', () => {
    expect(formatRate(0)).toBe('0')
    expect(formatRate(0.02)).toBe('<0.1')
    expect(formatRate(2.34)).toBe('2.3')
    expect(formatRate(1234.5)).toBe('1,235')
    expect(formatShare(0.0004)).toBe('<0.1 %')
    expect(formatShare(0.125)).toBe('12.5 %')
  })
  it('shows milliseconds on the clock and a dash for nonsense', () => {
    expect(formatClock(new Date(2026, 0, 2, 3, 4, 5, 6).getTime())).toBe('03:04:05.006')
    expect(formatClock(Number.NaN)).toBe('–')
  })
  it('counts time back from now', () => {
    expect(formatAgo(1000, 1500)).toBe('just now')
    expect(formatAgo(0, 59_000)).toBe('59 s ago')
    expect(formatAgo(0, 3_600_000 * 5)).toBe('5 h ago')
  })
  it('knows one from many', () => {
    expect(plural(1, 'span')).toBe('1 span')
    expect(plural(2000, 'span')).toBe('2,000 spans')
  })
})
