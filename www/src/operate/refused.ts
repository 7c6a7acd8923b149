/** Which field of a form a refused value belongs to. */
import type { Refused, RequestError } from '../shared/http'

/** Sentences about the value at `pointer` and everything in it. */
export function refusedAt(error: RequestError | null, pointer: string): string[] {
  return (error?.refused ?? []).filter((one) => one.pointer === pointer || one.pointer.startsWith(`${pointer}/`)).map(saying)
}

/** What is about none of the fields that `known` has: shown above the form. */
export function refusedElsewhere(error: RequestError | null, known: (pointer: string) => boolean): string[] {
  return (error?.refused ?? []).filter((one) => !known(one.pointer)).map((one) => [one.place, one.value && `“${one.value}”`, saying(one)].filter(Boolean).join(': '))
}

const saying = ({ remedy }: Refused) => remedy.charAt(0).toUpperCase() + remedy.slice(1)

/** A part of a JSON pointer, <https://www.rfc-editor.org/rfc/rfc6901>. */
export const escaped = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1')
