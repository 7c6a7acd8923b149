/** Where values stand in a chart of time. */
import type { Column } from '../history'

/** Of what a chart's values are; its upper end is a number that is usual for that. */
export type Unit = 'count' | 'bytes' | 'ms'

const SECONDS = [10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400]

/** The upper end of a chart: the next of 1, 2, 5, 10, … that is at least `value`, powers of two for bytes, and what clocks show. */
export function niceMaximum(value: number, unit: Unit = 'count'): number {
  if (!(value > 0)) return unit === 'bytes' ? 1024 : unit === 'ms' ? 10 : 1
  if (unit === 'bytes') return 2 ** Math.max(10, Math.ceil(Math.log2(value)))
  if (unit === 'ms' && value > 10_000) return (SECONDS.find((one) => one * 1000 >= value) ?? Math.ceil(value / 86_400_000) * 86_400) * 1000
  const power = 10 ** Math.floor(Math.log10(value))
  const step = [1, 2, 5, 10].find((one) => one * power >= value * 0.999_999) ?? 10
  return step * power
}

/** The largest of all columns, 0 without a value. */
export function maximum(columns: readonly Column[]): number {
  return columns.reduce((most, column) => column.reduce<number>((top, value) => Math.max(top, value ?? 0), most), 0)
}

/**
 * The line of a column as an SVG path in a box of `slots` − 1 by 100. The latest value stands at the right edge, where there is
 * none the line is broken. A value alone between two gaps gets a short line, so that it can be seen.
 */
export function linePath(column: Column, slots: number, most: number): string {
  const offset = slots - column.length
  let path = ''
  let drawing = false
  column.forEach((value, i) => {
    if (value === null) {
      drawing = false
      return
    }
    const [x, y] = [offset + i, (100 - (Math.min(value, most) / most) * 100).toFixed(1)]
    path += drawing ? `L${x} ${y}` : `M${x} ${y}`
    if (!drawing && (column[i + 1] ?? null) === null) path += `h${i === column.length - 1 ? -0.5 : 0.5}`
    drawing = true
  })
  return path
}

/** The area under a line without gaps; empty for one with gaps. */
export function areaPath(column: Column, slots: number, most: number): string {
  if (column.length < 2 || column.includes(null)) return ''
  return `${linePath(column, slots, most)}L${slots - 1} 100L${slots - column.length} 100Z`
}
