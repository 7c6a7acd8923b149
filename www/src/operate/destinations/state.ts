/** How a destination is doing, in a word and a sentence. */
import { formatAgo, formatCount, formatMillis } from '../../shared/format'
import { sentence, type Destination } from '../status'

export interface Condition {
  word: string
  tone: 'on' | 'off' | 'bad'
  /** What is going on; empty where the word says it all. */
  text: string
}

export function conditionOf(destination: Destination, now: number): Condition {
  const { state, failures, lastError, queued, lastSuccessMs } = destination
  const waiting = queued > 0 ? `${formatCount(queued)} items wait` : 'nothing waits'
  if (state === 'paused') return { word: 'paused', tone: 'off', text: `Nothing is sent until it is resumed; ${waiting}. What comes is queued within its bounds.` }
  if (state === 'draining') return { word: 'draining', tone: 'off', text: `Takes nothing new; ${waiting}. It is removed when its queue is empty.` }
  if (failures > 0) {
    const times = failures === 1 ? '' : `${formatCount(failures)} failures in a row.`
    return { word: 'failing', tone: 'bad', text: [sentence(lastError) || 'The last request failed.', times, nextAttempt(destination, now)].filter(Boolean).join(' ') }
  }
  return { word: lastSuccessMs ? 'working' : 'not used yet', tone: lastSuccessMs ? 'on' : 'off', text: '' }
}

function nextAttempt({ circuit, nextAttemptMs }: Destination, now: number): string {
  if (circuit === 'half_open') return 'Trying again now.'
  if (circuit !== 'open' || nextAttemptMs === 0) return ''
  const left = Math.ceil((nextAttemptMs - now) / 1000)
  return left > 0 ? `Next attempt in ${formatMillis(left * 1000)}.` : 'Next attempt any moment.'
}

/** An old failure of one that works again. */
export function earlierFailure({ failures, lastError, lastSuccessMs }: Destination, now: number): string {
  return failures === 0 && lastError ? `Last failure, mended since: ${sentence(lastError)} Last success ${formatAgo(lastSuccessMs, now)}.` : ''
}
