/** The Jaeger query API of our own server. */
import { getJson, type JsonRequest } from '../shared/http'
import { parseNames, parseTraces, type Trace } from './jaeger'

const BASE = '/jaeger/api'

export interface TraceQuery {
  /** Empty for all services. */
  service: string
  /** Empty for all operations. */
  operation: string
  /** Jaeger's notation: `15m`, `1h`, `2d`. */
  lookback: string
  limit: number
  /** Microseconds; 0 for any. */
  minDurationUs: number
}

export async function fetchServices(request?: JsonRequest): Promise<string[]> {
  return parseNames(await getJson(`${BASE}/services`, request))
}

/** Operations of any of the services, each once. */
export async function fetchOperations(services: readonly string[], request?: JsonRequest): Promise<string[]> {
  const answers = await Promise.all(services.map((service) => getJson(`${BASE}/services/${encodeURIComponent(service)}/operations`, request)))
  return [...new Set(answers.flatMap(parseNames))].sort((a, b) => a.localeCompare(b))
}

/** Jaeger answers for one service at a time: all services means asking for each and joining the answers. */
export async function searchTraces(query: TraceQuery, services: readonly string[], request?: JsonRequest): Promise<Trace[]> {
  const wanted = query.service === '' ? services : [query.service]
  const answers = await Promise.all(wanted.map(async (service) => parseTraces(await getJson(searchPath(query, service), request))))
  const traces = new Map<string, Trace>()
  for (const trace of answers.flat()) {
    const known = traces.get(trace.traceId)
    if (!known || trace.spans.length > known.spans.length) traces.set(trace.traceId, trace)
  }
  return [...traces.values()]
}

export function searchPath(query: TraceQuery, service: string): string {
  const parameters = new URLSearchParams({ service, limit: String(query.limit), lookback: query.lookback })
  if (query.operation !== '') parameters.set('operation', query.operation)
  if (query.minDurationUs > 0) parameters.set('minDuration', `${Math.round(query.minDurationUs)}us`)
  return `${BASE}/traces?${parameters.toString()}`
}

/** One trace; throws a `RequestError` with status 404 while it has not arrived. */
export async function fetchTrace(traceId: string, request?: JsonRequest): Promise<Trace | null> {
  return parseTraces(await getJson(`${BASE}/traces/${encodeURIComponent(traceId)}`, request))[0] ?? null
}
