/** Numbers and times as people read them. No component formats a value by itself. */

/** A duration given in microseconds: `412 µs`, `3.21 ms`, `1.25 s`, `2 m 03 s`. */
export function formatDuration(us: number): string {
  if (!Number.isFinite(us)) return '–'
  const sign = us < 0 ? '−' : ''
  const value = Math.abs(us)
  if (value < 999.5) return `${sign}${trim(value)} µs`
  if (value < 999_500) return `${sign}${trim(value / 1000)} ms`
  if (value < 59_950_000) return `${sign}${trim(value / 1_000_000)} s`
  const seconds = Math.round(value / 1_000_000)
  if (seconds < 3600) return `${sign}${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`
  return `${sign}${Math.floor(seconds / 3600)} h ${pad(Math.floor((seconds % 3600) / 60))} m`
}

/** As {@link formatDuration}, for milliseconds. */
export function formatMillis(ms: number): string {
  return formatDuration(ms * 1000)
}

/** Three significant digits, without trailing zeros. */
function trim(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return String(Number(value.toFixed(digits)))
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0')
}

/** Bytes with binary units: `512 B`, `1.5 KiB`, `64 MiB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–'
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = Math.max(0, bytes)
  let unit = 0
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${trim(value)} ${units[unit]}`
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** `1,234`. */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? whole.format(value) : '–'
}

/** Events per second; small rates keep one decimal so that a slow event is not shown as zero. */
export function formatRate(perSecond: number): string {
  if (!Number.isFinite(perSecond) || perSecond <= 0) return '0'
  if (perSecond < 0.1) return '<0.1'
  return perSecond < 10 ? String(Number(perSecond.toFixed(1))) : formatCount(perSecond)
}

/** A share between 0 and 1 as a percentage. */
export function formatShare(share: number): string {
  if (!Number.isFinite(share) || share <= 0) return '0 %'
  const percent = share * 100
  return percent < 0.1 ? '<0.1 %' : `${trim(percent)} %`
}

/** Wall clock with milliseconds, local time: `14:03:21.087`. */
export function formatClock(epochMs: number): string {
  const at = new Date(epochMs)
  if (Number.isNaN(at.getTime())) return '–'
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}.${pad(at.getMilliseconds(), 3)}`
}

/** Things per second where there are that many, else per minute: `12.4/s`, `7/min`, `0`. */
export function formatFrequency(perSecond: number): string {
  if (!Number.isFinite(perSecond) || perSecond <= 0) return '0'
  if (perSecond >= 1) return `${formatRate(perSecond)}/s`
  const perMinute = perSecond * 60
  return perMinute < 0.5 ? '<1/min' : `${formatRate(perMinute)}/min`
}

/** Date and time to the second, local time: `2026-11-22 14:03:21`. */
export function formatMoment(epochMs: number): string {
  return formatDateTime(epochMs).replace(/\.\d+$/, '')
}

/** Date and wall clock, local time: `2026-11-22 14:03:21.087`. */
export function formatDateTime(epochMs: number): string {
  const at = new Date(epochMs)
  if (Number.isNaN(at.getTime())) return '–'
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${formatClock(epochMs)}`
}

/** How long ago, coarse: `just now`, `12 s ago`, `4 m ago`, `3 h ago`, `2 d ago`. */
export function formatAgo(epochMs: number, nowMs: number): string {
  const seconds = Math.floor((nowMs - epochMs) / 1000)
  if (seconds < 2) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}

/** `1 span`, `2 spans`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}
