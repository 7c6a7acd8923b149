/** Dead letters and checks of `/api/telemetry`, read without trusting it. */
import { fields, list, number, string } from '../../shared/raw'

/** A request that its destination refused for good. */
export interface DeadLetter {
  id: string
  destination: string
  signal: string
  items: number
  bytes: number
  /** Epoch milliseconds. */
  refusedMs: number
  /** What was answered, and what can be done about it. */
  answer: string
}

/** What one destination answered to one item. */
export interface Checked {
  destination: string
  signal: string
  accepted: boolean
  durationMs: number
  answer: string
  remedy: string
}

export function readLetters(body: unknown): DeadLetter[] {
  return list(fields(body).dead_letters).map((entry) => {
    const letter = fields(entry)
    return {
      id: string(letter.id),
      destination: string(letter.destination),
      signal: string(letter.signal),
      items: number(letter.items),
      bytes: number(letter.bytes),
      refusedMs: number(letter.refused_ms),
      answer: string(letter.message) || string(letter.status),
    }
  })
}

/** What became of many that were to be sent again, in words. */
export function readReplayed(body: unknown): string {
  const raw = fields(body)
  const said = [`${number(raw.queued)} queued again.`]
  if (number(raw.full) > 0) said.push(`${number(raw.full)} found the queue of their destination full; try again later.`)
  if (number(raw.impossible) > 0) said.push(`${number(raw.impossible)} cannot be read, or their destination is not configured any more.`)
  return said.join(' ')
}

export function readCheck(body: unknown): Checked[] {
  return list(fields(body).results).map((entry) => {
    const checked = fields(entry)
    return {
      destination: string(checked.destination),
      signal: string(checked.signal),
      accepted: checked.accepted === true,
      durationMs: number(checked.duration_ms),
      answer: string(checked.answer),
      remedy: string(checked.remedy),
    }
  })
}
