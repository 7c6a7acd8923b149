/** A destination as a form has it, and as the file of settings has it. What is empty in the form is left to its default. */
import { fields, list, string } from '../../shared/raw'
import { copied, MASKED, type DestinationConfig, type HeaderValue } from '../config'
import { SIGNALS, type SignalName } from '../status'

/** Where a header's value comes from; `kept` is one that is stored and not shown. */
export type HeaderKind = 'kept' | 'value' | 'env' | 'file'

export interface HeaderRow {
  /** Tells rows apart while names change. */
  id: number
  name: string
  kind: HeaderKind
  text: string
}

/** Texts as they are typed; numbers are made of them for the server, which says what it does not take. */
export interface DestinationForm {
  name: string
  endpoint: string
  signals: SignalName[]
  protocol: string
  compression: string
  headers: HeaderRow[]
  /** By {@link Option.key}. */
  options: Record<string, string>
  insecure: boolean
  /** Keys that the form does not know, kept as they are. */
  rest: Record<string, unknown>
}

/** A setting that is one text or number. */
export interface Option {
  /** Path in the file, and of the pointers in answers: `retry/max_ms`. */
  key: string
  label: string
  unit?: 'ms' | 'bytes'
  text?: true
  hint: string
}

export const DELIVERY: readonly Option[] = [
  { key: 'timeout_ms', label: 'Timeout', unit: 'ms', hint: 'Longest time for one request. Default 10 000 ms.' },
  { key: 'queue_bytes', label: 'Queue', unit: 'bytes', hint: 'What may wait here. Default 16 MiB in memory, 512 MiB on disk.' },
  { key: 'send/max_request_bytes', label: 'Largest request', unit: 'bytes', hint: 'Larger ones are sent in parts. Default any; 3.2 MB for Datadog, 1 MB for New Relic.' },
  { key: 'send/requests_per_second', label: 'Requests per second', hint: 'The rest waits in the queue. Default any.' },
  { key: 'send/bytes_per_second', label: 'Most in a second', unit: 'bytes', hint: 'As they are sent. Default any.' },
  { key: 'send/concurrency', label: 'Requests at a time', hint: '1 keeps their order. Default 4.' },
]

export const RETRY: readonly Option[] = [
  { key: 'retry/initial_ms', label: 'First wait', unit: 'ms', hint: 'Before a failed request is repeated. Default 1 000 ms.' },
  { key: 'retry/multiplier', label: 'Longer each time by', hint: '1 to 10. Default 2.' },
  { key: 'retry/max_ms', label: 'Longest wait', unit: 'ms', hint: 'Unless the backend asks for more. Default 30 000 ms.' },
  { key: 'retry/give_up_after_ms', label: 'Give up after', unit: 'ms', hint: 'In memory it is dropped then, on disk it goes behind all others. Default 300 000 ms.' },
]

export const CERTIFICATES: readonly Option[] = [
  { key: 'certificate', label: 'Authority', text: true, hint: 'Path of a PEM file on the server, trusted besides the system’s authorities.' },
  { key: 'client_certificate', label: 'Client certificate', text: true, hint: 'Path of a PEM file on the server.' },
  { key: 'client_key', label: 'Client key', text: true, hint: 'Path of a PEM file on the server, not encrypted.' },
]

const OPTIONS = [...DELIVERY, ...RETRY, ...CERTIFICATES]

let lastId = 0

export function headerRow(name = '', kind: HeaderKind = 'value', text = ''): HeaderRow {
  lastId += 1
  return { id: lastId, name, kind, text }
}

export function emptyForm(): DestinationForm {
  return { name: '', endpoint: '', signals: [...SIGNALS], protocol: '', compression: '', headers: [], options: {}, insecure: false, rest: {} }
}

export function toForm(config: DestinationConfig): DestinationForm {
  const { name, endpoint, signals, protocol, compression, headers, insecure, ...others } = config
  const named = typeof signals === 'string' ? [signals] : list(signals)
  const options: Record<string, string> = {}
  for (const { key } of OPTIONS) {
    const [outer, inner] = key.split('/') as [string, string?]
    const value = inner ? fields(others[outer])[inner] : others[outer]
    if (typeof value === 'number' || typeof value === 'string') options[key] = String(value)
  }
  return {
    name,
    endpoint: string(endpoint),
    signals: named.length === 0 ? [...SIGNALS] : SIGNALS.filter((signal) => named.includes(signal)),
    protocol: string(protocol),
    compression: string(compression),
    headers: Object.entries(fields(headers)).map(([header, value]) => toRow(header, value)),
    options,
    insecure: insecure === true,
    rest: withoutOptions(others),
  }
}

function toRow(name: string, value: unknown): HeaderRow {
  if (value === MASKED) return headerRow(name, 'kept')
  const { env, file } = fields(value)
  if (typeof env === 'string') return headerRow(name, 'env', env)
  if (typeof file === 'string') return headerRow(name, 'file', file)
  return headerRow(name, 'value', string(value))
}

/** What is left when everything that the form shows is taken out. */
function withoutOptions(config: Record<string, unknown>): Record<string, unknown> {
  const rest = copied(config)
  for (const { key } of OPTIONS) {
    const [outer, inner] = key.split('/') as [string, string?]
    if (!inner) delete rest[outer]
    else if (rest[outer]) {
      const table = fields(rest[outer])
      delete table[inner]
      if (Object.keys(table).length === 0) delete rest[outer]
    }
  }
  return rest
}

/** `before` is what is stored: headers that are gone from the form are taken away by name. */
export function toConfig(form: DestinationForm, before?: DestinationConfig): DestinationConfig {
  const config: DestinationConfig = { name: form.name.trim(), ...copied(form.rest) }
  // Each signal may have an endpoint of its own instead.
  if (form.endpoint.trim() !== '' || !SIGNALS.some((signal) => signal in config)) config.endpoint = form.endpoint.trim()
  if (form.signals.length < SIGNALS.length) config.signals = SIGNALS.filter((signal) => form.signals.includes(signal))
  if (form.protocol) config.protocol = form.protocol
  if (form.compression) config.compression = form.compression
  if (form.insecure) config.insecure = true
  const headers = toHeaders(form.headers, Object.keys(fields(before?.headers)))
  if (Object.keys(headers).length > 0) config.headers = headers
  for (const option of OPTIONS) {
    const typed = (form.options[option.key] ?? '').trim()
    if (typed === '') continue
    const [outer, inner] = option.key.split('/') as [string, string?]
    const value = option.text ? typed : asNumber(typed)
    if (inner) config[outer] = { ...fields(config[outer]), [inner]: value }
    else config[outer] = value
  }
  return config
}

function toHeaders(rows: HeaderRow[], before: string[]): Record<string, HeaderValue> {
  const headers: Record<string, HeaderValue> = {}
  for (const { name, kind, text } of rows) {
    const key = name.trim()
    if (key === '' && text === '') continue
    headers[key] = kind === 'kept' ? MASKED : kind === 'env' ? { env: text.trim() } : kind === 'file' ? { file: text.trim() } : text
  }
  const stays = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  for (const name of before) if (!stays.has(name.toLowerCase())) headers[name] = null
  return headers
}

/** A number where it is one. Anything else goes to the server as it is, which says what it expects. */
function asNumber(typed: string): number | string {
  const plain = typed.replaceAll(/[\s_]/g, '')
  return /^\d+(\.\d+)?$/.test(plain) ? Number(plain) : typed
}

/** Whether secrets that are kept would be sent to another host than they were given for. */
export function movesSecrets(form: DestinationForm, before: DestinationConfig | undefined): boolean {
  if (!before || !form.headers.some((row) => row.kind === 'kept')) return false
  return hostOf(form.endpoint) !== hostOf(string(before.endpoint))
}

function hostOf(endpoint: string): string {
  return endpoint.trim().toLowerCase().replace(/^[a-z]+:\/\//, '').split(/[/?#]/)[0] ?? ''
}
