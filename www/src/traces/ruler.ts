/** The time ruler above the waterfall. */

export interface Tick {
  /** Microseconds since the start of the trace. */
  atUs: number
  /** Share of the whole width, 0 to 1. */
  share: number
}

/** Round steps (1, 2 or 5 times a power of ten), at most `most` of them, the start included. */
export function ticks(durationUs: number, most: number): Tick[] {
  if (!(durationUs > 0) || most < 1) return [{ atUs: 0, share: 0 }]
  const rough = durationUs / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power
  const result: Tick[] = []
  for (let i = 0; i * step <= durationUs; i += 1) result.push({ atUs: i * step, share: (i * step) / durationUs })
  return result
}
