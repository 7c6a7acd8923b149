/**
 * Jaeger's query JSON (https://www.jaegertracing.io/docs/latest/architecture/apis/) read into the viewer's own spans.
 *
 * What arrives is outside data: everything is checked, a broken span is left out and counted, nothing throws
 * except when the body is not a Jaeger answer at all.
 */

export interface Attribute {
  key: string
  value: string
}

export interface SpanEvent {
  name: string
  /** Epoch microseconds. */
  atUs: number
  attributes: Attribute[]
}

export interface SpanLink {
  traceId: string
  spanId: string
}

export interface Span {
  traceId: string
  spanId: string
  /** Parent within the same trace, whether it has arrived or not. */
  parentId: string | null
  name: string
  service: string
  /** Identifies the process (one clock) that made the span. */
  processId: string
  /** `client`, `server`, `producer`, `consumer`, `internal` or empty. */
  kind: string
  /** Epoch microseconds by the clock of its process. */
  startUs: number
  durationUs: number
  error: boolean
  /** Status description or error type, empty without an error. */
  errorText: string
  attributes: Attribute[]
  resource: Attribute[]
  events: SpanEvent[]
  links: SpanLink[]
}

export interface Trace {
  traceId: string
  spans: Span[]
  /** Spans that could not be read. */
  broken: number
}

type Json = Record<string, unknown>

function object(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null
}

function array(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  return value === null || value === undefined ? '' : JSON.stringify(value)
}

function number(value: unknown): number | null {
  const parsed = typeof value === 'number' ? value : typeof value === 'string' && value !== '' ? Number(value) : NaN
  return Number.isFinite(parsed) ? parsed : null
}

/** The `data` array of an answer; throws when there is none. */
export function answerData(body: unknown): unknown[] {
  const data = object(body)?.data
  if (Array.isArray(data)) return data
  if (data === null) return []
  throw new TypeError('The answer is not in Jaeger’s format: it has no "data" array.')
}

/** Names from `/services` or `/services/{s}/operations`, sorted. */
export function parseNames(body: unknown): string[] {
  const names = answerData(body).map((entry) => (typeof entry === 'string' ? entry : text(object(entry)?.name)))
  return [...new Set(names.filter((name) => name !== ''))].sort((a, b) => a.localeCompare(b))
}

/** Every readable trace of an answer. */
export function parseTraces(body: unknown): Trace[] {
  return answerData(body).flatMap((entry) => {
    const trace = parseTrace(entry)
    return trace ? [trace] : []
  })
}

function parseTrace(value: unknown): Trace | null {
  const raw = object(value)
  if (!raw) return null
  const traceId = text(raw.traceID)
  const processes = object(raw.processes) ?? {}
  const spans: Span[] = []
  let broken = 0
  for (const entry of array(raw.spans)) {
    const span = parseSpan(entry, traceId, processes)
    if (span) spans.push(span)
    else broken += 1
  }
  return traceId === '' || spans.length === 0 ? null : { traceId, spans, broken }
}

function parseSpan(value: unknown, traceId: string, processes: Json): Span | null {
  const raw = object(value)
  const spanId = text(raw?.spanID)
  const startUs = number(raw?.startTime)
  const durationUs = number(raw?.duration)
  if (!raw || spanId === '' || startUs === null || durationUs === null) return null

  const processId = text(raw.processID)
  const process = object(processes[processId]) ?? object(raw.process)
  const attributes = parseAttributes(raw.tags)
  const tag = new Map(attributes.map((attribute) => [attribute.key, attribute.value]))
  const error = tag.get('error') === 'true' || tag.get('otel.status_code')?.toUpperCase() === 'ERROR'

  let parentId: string | null = null
  let weakParent: string | null = null
  const links: SpanLink[] = []
  for (const entry of array(raw.references)) {
    const reference = object(entry)
    const toSpan = text(reference?.spanID)
    const toTrace = text(reference?.traceID) || traceId
    if (toSpan === '') continue
    if (toTrace !== traceId) links.push({ traceId: toTrace, spanId: toSpan })
    else if (reference?.refType === 'CHILD_OF' && parentId === null) parentId = toSpan
    else {
      weakParent ??= toSpan
      links.push({ traceId: toTrace, spanId: toSpan })
    }
  }
  // Older writers know the parent only as a field, or only as "follows from".
  parentId ??= text(raw.parentSpanID) || weakParent
  if (parentId === spanId) parentId = null

  return {
    traceId,
    spanId,
    parentId,
    name: text(raw.operationName) || '(no name)',
    service: text(process?.serviceName) || 'unknown service',
    processId: processId || 'unknown',
    kind: (tag.get('span.kind') ?? '').toLowerCase(),
    startUs,
    durationUs: Math.max(0, durationUs),
    error,
    errorText: error ? (tag.get('otel.status_description') ?? tag.get('error.type') ?? tag.get('exception.message') ?? '') : '',
    attributes,
    resource: parseAttributes(process?.tags),
    events: array(raw.logs).flatMap(parseEvent),
    links: links.filter((link) => link.traceId !== traceId || link.spanId !== parentId),
  }
}

function parseAttributes(value: unknown): Attribute[] {
  return array(value).flatMap((entry) => {
    const pair = object(entry)
    const key = text(pair?.key)
    return key === '' ? [] : [{ key, value: text(pair?.value) }]
  })
}

function parseEvent(value: unknown): SpanEvent[] {
  const raw = object(value)
  const atUs = number(raw?.timestamp)
  if (!raw || atUs === null) return []
  const fields = parseAttributes(raw.fields)
  const name = fields.find((field) => field.key === 'event' || field.key === 'message')
  return [{ name: name?.value || 'event', atUs, attributes: fields.filter((field) => field !== name) }]
}
