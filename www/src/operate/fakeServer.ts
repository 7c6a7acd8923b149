/**
 * `/api/telemetry` for tests of components: answers by method and path, and remembers what was asked.
 *
 * It stands in the place of `fetch`, which `shared/http` takes when it is loaded: import this first.
 */

export interface Seen {
  method: string
  /** Behind `/api/telemetry`, with the query. */
  path: string
  /** JSON where it is, else the text. */
  body: unknown
  ifMatch: string | null
  accept: string
}

type Answer = (request: Seen) => unknown

class Refusal {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly problems: object[],
  ) {}
}

/** An answer that is a problem. */
export const refuse = (status: number, detail: string, problems: object[] = []): Refusal => new Refusal(status, detail, problems)

/** One of the problems. */
export const wrong = (pointer: string, remedy: string): object => ({ pointer, place: pointer, value: '', remedy })

const answers = new Map<string, Answer>()
export const seen: Seen[] = []

/** `on('GET /status', () => ({ … }))`. Queries are not looked at. */
export function on(request: string, answer: Answer): void {
  answers.set(request, answer)
}

export function forget(): void {
  answers.clear()
  seen.length = 0
}

/** What was asked of a method and path, in its order. */
export const asked = (request: string): Seen[] => seen.filter(({ method, path }) => `${method} ${path.split('?')[0]}` === request)

globalThis.fetch = async (input, init = {}) => {
  const url = String(input)
  const headers = new Headers(init.headers)
  const text = typeof init.body === 'string' ? init.body : ''
  const path = url.replace(/^\/api\/telemetry/, '')
  const request: Seen = { method: init.method ?? 'GET', path, body: headers.get('content-type') === 'application/json' ? JSON.parse(text) : text, ifMatch: headers.get('if-match'), accept: headers.get('accept') ?? '' }
  seen.push(request)
  const answer = answers.get(`${request.method} ${path.split('?')[0]}`)
  const value = answer ? await answer(request) : refuse(404, `no answer to ${request.method} ${path}`)
  if (value instanceof Refusal) {
    const body = { title: 'Problem', status: value.status, detail: value.detail, problems: value.problems }
    return new Response(JSON.stringify(body), { status: value.status, headers: { 'content-type': 'application/problem+json' } })
  }
  if (value === undefined) return new Response(null, { status: 204 })
  if (typeof value === 'string') return new Response(value, { headers: { 'content-type': 'application/toml' } })
  return new Response(JSON.stringify(value), { headers: { 'content-type': 'application/json' } })
}
