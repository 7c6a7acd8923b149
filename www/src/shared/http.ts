/**
 * Reading JSON from our own server, with failures said in words.
 *
 * `fetch` is taken here as it is when the page starts, before telemetry wraps it: a viewer that polls
 * must not fill the list it shows with its own requests. `main.ts` imports this module first.
 */

import { asSentences } from './sentences'

const plainFetch = globalThis.fetch.bind(globalThis)

/** A request that failed, with what to do about it. */
export class RequestError extends Error {
  override readonly name = 'RequestError'

  constructor(
    message: string,
    /** What the reader can do now. */
    readonly remedy: string,
    /** HTTP status, `0` when there was no answer. */
    readonly status: number,
  ) {
    super(message)
  }
}

export interface JsonRequest {
  signal?: AbortSignal
  /** Gives up after this many milliseconds; default 15 000. */
  timeoutMs?: number
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
export async function act(method: 'POST' | 'DELETE', path: string, request: JsonRequest = {}): Promise<unknown> {
  const response = await ask(method, path, request)
  return response.headers.has('content-type') ? readJson(path, response, request) : null
}

/** The answer, where it is a good one. */
async function ask(method: string, path: string, request: JsonRequest): Promise<Response> {
  const timeout = AbortSignal.timeout(request.timeoutMs ?? 15_000)
  const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout
  let response: Response
  try {
    response = await (request.fetch ?? plainFetch)(path, {
      method,
      headers: { accept: 'application/json' },
      credentials: 'same-origin',
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
  const said = asSentences(await saidByServer(response))
  const usual = status === 404 ? '' : status >= 500 ? 'See the server log, then try again.' : 'Change the request and try again.'
  return new RequestError(said.message || `The server answered ${status} to ${path}.`, said.remedy || usual, status)
}

/** The message of a JSON error body: Jaeger's `errors[].msg`, the `detail` of problem details, or a plain `message`/`error`. */
async function saidByServer(response: Response): Promise<string> {
  try {
    const body: unknown = await response.json()
    if (typeof body !== 'object' || body === null) return ''
    const { errors, detail, message, error } = body as { errors?: unknown; detail?: unknown; message?: unknown; error?: unknown }
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined
    const said = (first as { msg?: unknown } | undefined)?.msg ?? detail ?? message ?? error
    return typeof said === 'string' ? said.slice(0, 300) : ''
  } catch {
    return ''
  }
}
