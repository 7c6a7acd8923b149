import { describe, expect, it } from 'vitest'
import { getJson, RequestError } from './http'

function answering(body: string, init: ResponseInit & { type?: string } = {}): typeof fetch {
  return async () => new Response(body, { status: init.status ?? 200, headers: { 'content-type': init.type ?? 'application/json' } })
}

async function failure(fetch: typeof globalThis.fetch): Promise<RequestError> {
  try {
    await getJson('/api/x', { fetch })
  } catch (error) {
    if (error instanceof RequestError) return error
    throw error
  }
  throw new Error('expected a failure')
}

describe('getJson', () => {
  it('returns what the server sent', async () => {
    expect(await getJson('/api/x', { fetch: answering('{"a":[1]}') })).toEqual({ a: [1] })
  })
  it('explains a missing token', async () => {
    const error = await failure(answering('', { status: 401 }))
    expect(error.remedy).toContain('token')
    expect(error.status).toBe(401)
  })
  it('passes on what the server said', async () => {
    expect((await failure(answering('{"errors":[{"code":404,"msg":"trace not found"}]}', { status: 404 }))).message).toBe('Trace not found.')
    const said = await failure(answering('{"message":"no store here; set X to keep traces"}', { status: 404 }))
    expect([said.message, said.remedy]).toEqual(['No store here.', 'Set X to keep traces.'])
    expect((await failure(answering('oops', { status: 500 }))).message).toContain('500')
  })
  it('does not take the page itself for data', async () => {
    expect((await failure(answering('<!doctype html>', { type: 'text/html' }))).message).toContain('without JSON')
  })
  it('says so when JSON is broken or nobody answers', async () => {
    expect((await failure(answering('{"a":'))).message).toContain('broken JSON')
    const nobody: typeof fetch = async () => {
      throw new TypeError('Failed to fetch')
    }
    expect((await failure(nobody)).status).toBe(0)
  })
  it('leaves the caller its own abort', async () => {
    const gone = new AbortController()
    gone.abort()
    const aborting: typeof fetch = async (_input, init) => {
      init?.signal?.throwIfAborted()
      return new Response('{}')
    }
    await expect(getJson('/api/x', { fetch: aborting, signal: gone.signal })).rejects.toMatchObject({ name: 'AbortError' })
  })
})
