/**
 * Reading JSON from our own server, with failures said in words.
 *
 * `fetch` is taken here as it is when the page starts, before telemetry wraps it: a viewer that polls
 * must not fill the list it shows with its own requests. `main.ts` imports this module first.
 */

import { fields, list, string, type Fields } from './raw'
import { asSentences } from './sentences'

const plainFetch = globalThis.fetch.bind(globalThis)

/** One value that the server does not take. */
export interface Refused {
  /** Where it stands in what was sent, as a JSON pointer: `/destinations/1/timeout_ms`; empty where it is about all of it. */
  pointer: string
  /** Where it stands in words: a line of the file, a variable. */
  place: string
  /** Masked by the server where it may be a secret. */
  value: string
  remedy: string
}

/** A request that failed, with what to do about it. */
export class RequestError extends Error {
  override readonly name = 'RequestError'

  constructor(
    message: string,
    /** What the reader can do now. */
    readonly remedy: string,
    /** HTTP status, `0` when there was no answer. */
    readonly status: number,
    /** The single values that were refused, where the server named them. */
    readonly refused: readonly Refused[] = [],
  ) {
    super(message)
  }
}

/** Whatever was thrown, as something that can be shown. */
export function asRequestError(cause: unknown): RequestError {
  return cause instanceof RequestError ? cause : new RequestError(String(cause), 'Try again.', 0)
}

export interface JsonRequest {
  signal?: AbortSignal
  /** Gives up after this many milliseconds; default 15 000. */
  timeoutMs?: number
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it is, as TOML. */
  toml?: string
  /** The state that the change was made from: refused with 412 when there is a later one. */
  ifMatch?: string
  /** Replaces `fetch` in tests. */
  fetch?: typeof fetch
}

/**
 * GETs `path` and returns the parsed JSON.
 *
 * Throws {@link RequestError}, or the abort reason of `signal` when the caller gave up.
 */
export async function getJson(path: string, request: JsonRequest = {}): Promise<unknown> {
  return readJson(path, await ask('GET', path, request), request)
}

/** Asks the server to do something, and returns the parsed JSON of its answer, `null` where it has none. Throws as {@link getJson}. */
export async function act(method: 'POST' | 'PUT' | 'DELETE', path: string, request: JsonRequest = {}): Promise<unknown> {
  const response = await ask(method, path, request)
  return response.headers.has('content-type') ? readJson(path, response, request) : null
}

/** GETs a text of the given type. Throws as {@link getJson}. */
export async function getText(path: string, accept: string, request: JsonRequest = {}): Promise<string> {
  const response = await ask('GET', path, request, accept)
  return response.text()
}

/** The answer, where it is a good one. */
async function ask(method: string, path: string, request: JsonRequest, accept = 'application/json'): Promise<Response> {
  const timeout = AbortSignal.timeout(request.timeoutMs ?? 15_000)
  const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout
  let response: Response
  try {
    response = await (request.fetch ?? plainFetch)(path, {
      method,
      headers: headersOf(request, accept),
      credentials: 'same-origin',
      ...bodyOf(request),
      signal,
    })
  } catch (cause) {
    if (request.signal?.aborted) throw cause
    throw timeout.aborted
      ? new RequestError('The server did not answer in time.', 'Check that it is not overloaded, then try again.', 0)
      : new RequestError('The server cannot be reached.', 'Check that aetherterm is running, then try again.', 0)
  }
  if (!response.ok) throw await refusal(path, response)
  return response
}

function headersOf(request: JsonRequest, accept: string): Record<string, string> {
  const headers: Record<string, string> = { accept }
  if (request.toml !== undefined) headers['content-type'] = 'application/toml'
  else if (request.body !== undefined) headers['content-type'] = 'application/json'
  if (request.ifMatch) headers['if-match'] = request.ifMatch
  return headers
}

function bodyOf({ body, toml }: JsonRequest): RequestInit {
  if (toml !== undefined) return { body: toml }
  return body === undefined ? {} : { body: JSON.stringify(body) }
}

async function readJson(path: string, response: Response, request: JsonRequest): Promise<unknown> {
  if (!(response.headers.get('content-type') ?? '').includes('json')) {
    throw new RequestError(
      `${path} answered without JSON.`,
      'This server does not offer it. Check that telemetry is enabled and that the versions match.',
      response.status,
    )
  }
  try {
    return await response.json()
  } catch (cause) {
    if (request.signal?.aborted) throw cause
    throw new RequestError(`${path} answered with broken JSON.`, 'Try again; if it stays, see the server log.', response.status)
  }
}

async function refusal(path: string, response: Response): Promise<RequestError> {
  const { status } = response
  if (status === 401 || status === 403) {
    return new RequestError(
      'The server does not know this browser.',
      'Open the address that aetherterm printed when it started; it carries the token.',
      status,
    )
  }
  const body = await bodyOfRefusal(response)
  const refused = refusedValues(body)
  // Single values are told by themselves; the first line says what it is about.
  const said = asSentences(refused.length > 0 ? (saidByServer(body).split('\n')[0] ?? '') : saidByServer(body))
  const usual = status === 404 ? '' : status >= 500 ? 'See the server log, then try again.' : 'Change the request and try again.'
  return new RequestError(said.message || `The server answered ${status} to ${path}.`, said.remedy || usual, status, refused)
}

async function bodyOfRefusal(response: Response): Promise<Fields> {
  try {
    return fields(await response.json())
  } catch {
    return {}
  }
}

/** The message of a JSON error body: Jaeger's `errors[].msg`, the `detail` of problem details, or a plain `message`/`error`. */
function saidByServer({ errors, detail, message, error }: Fields): string {
  return string(fields(list(errors)[0]).msg ?? detail ?? message ?? error).slice(0, 300)
}

function refusedValues({ problems }: Fields): Refused[] {
  return list(problems).map((entry) => {
    const { pointer, place, value, remedy } = fields(entry)
    return { pointer: string(pointer), place: string(place), value: string(value), remedy: string(remedy) }
  })
}
