/** Between the form of a destination and the server's answers. */
import { string } from '../../shared/raw'
import { RequestError } from '../../shared/http'
import type { DestinationConfig } from '../config'

/** The name that a destination without one has: `host:port` of its address. */
export function defaultName(config: DestinationConfig): string {
  const endpoint = string(config.endpoint).trim()
  try {
    const url = new URL(endpoint.includes('://') ? endpoint : `https://${endpoint}`)
    return url.host
  } catch {
    return endpoint.replace(/^[a-z]+:\/\//i, '').split('/')[0] ?? ''
  }
}

/**
 * The refusal with pointers into one destination. Those into a list of them, `/destinations/2/timeout_ms`, lose their beginning;
 * with `index` only those of that one are left.
 */
export function relevant(error: RequestError | null, index?: number): RequestError | null {
  if (!error) return null
  const own = error.refused
    .filter(({ pointer }) => index === undefined || pointer === `/destinations/${index}` || pointer.startsWith(`/destinations/${index}/`))
    .map((one) => ({ ...one, pointer: one.pointer.replace(/^\/destinations\/\d+/, '') }))
  return new RequestError(error.message, error.remedy, error.status, own)
}
