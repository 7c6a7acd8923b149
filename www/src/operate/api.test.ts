/** Holds the page's requests and what it reads of answers to the server's own description. */
import { expect, it } from 'vitest'
import openapi from '../../../crates/telemetry/src/admin/openapi.json'
import * as api from './api'

interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: string[]
  properties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  items?: Schema
}

const schemas = openapi.components.schemas as unknown as Record<string, Schema>
const resolved = (schema: Schema): Schema => (schema.$ref ? schemas[schema.$ref.split('/').at(-1)!]! : schema)
const kindOf = (schema: Schema) => [schema.type ?? 'any'].flat()[0]

/** A value that fits `schema`. Reading a member of an object that is not described fails the test. */
function sample(given: Schema, where: string): unknown {
  const schema = resolved(given)
  switch (kindOf(schema)) {
    case 'array':
      return [sample(schema.items ?? {}, `${where}[]`)]
    case 'object':
      return described(schema, where)
    case 'integer':
    case 'number':
      return 7
    case 'boolean':
      return true
    default:
      return schema.enum?.[0] ?? `text of ${where}`
  }
}

function described(schema: Schema, where: string): unknown {
  const values = Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, one]) => [key, sample(one, `${where}.${key}`)]))
  const { additionalProperties: others } = schema
  if (typeof others === 'object') return { some: sample(others, `${where}.*`) }
  // Objects that are described no further can hold anything.
  if (others === true || !schema.properties) return values
  return new Proxy(values, {
    get(target, key) {
      if (typeof key === 'string' && key !== 'toJSON' && key !== 'then' && !(key in target)) throw new Error(`${where} has no ${key} in openapi.json`)
      return target[key as string]
    },
  })
}

interface Operation {
  parameters?: { name: string; in: string; required?: boolean }[]
  requestBody?: { content: Record<string, unknown> }
  responses: Record<string, { content?: Record<string, { schema?: Schema }> }>
}

/** The operation of a request, found by its path. */
function operationOf(method: string, path: string): Operation {
  for (const [template, operations] of Object.entries(openapi.paths as unknown as Record<string, Record<string, Operation>>)) {
    const pattern = new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`)
    const operation = operations[method.toLowerCase()]
    if (pattern.test(path) && operation) return operation
  }
  throw new Error(`there is no ${method} ${path} in openapi.json`)
}

/** Answers with what is described. */
const fake: typeof fetch = async (input, init = {}) => {
  const url = new URL(String(input), 'http://any')
  const method = init.method ?? 'GET'
  const operation = operationOf(method, url.pathname.replace('/api/telemetry', ''))
  const names = (place: string) => (operation.parameters ?? []).filter((parameter) => parameter.in === place).map(({ name }) => name.toLowerCase())
  for (const key of url.searchParams.keys()) expect(names('query'), `${method} ${url.pathname}`).toContain(key)
  const headers = new Headers(init.headers)
  if (headers.has('if-match')) expect(names('header'), `${method} ${url.pathname}`).toContain('if-match')
  const required = (operation.parameters ?? []).filter((parameter) => parameter.in === 'header' && parameter.required)
  for (const { name } of required) expect([...headers.keys()], `${method} ${url.pathname}`).toContain(name.toLowerCase())
  if (init.body) expect(Object.keys(operation.requestBody?.content ?? {})).toContain(headers.get('content-type'))

  const [status, good] = Object.entries(operation.responses).find(([code]) => code.startsWith('2'))!
  const accepted = headers.get('accept')!
  const content = good.content?.[accepted]
  if (!good.content) return new Response(null, { status: Number(status) })
  expect(content, `${method} ${url.pathname} as ${accepted}`).toBeDefined()
  const response = new Response('', { status: Number(status), headers: { 'content-type': accepted } })
  response.json = async () => (content!.schema ? sample(content!.schema, '') : {})
  return response
}

const ask = { fetch: fake }
const destination = { name: 'a', endpoint: 'http://localhost:4318' }

it('asks for nothing, and reads nothing, that the server does not describe', async () => {
  const status = await api.getStatus(ask)
  expect(status.destinations[0]).toMatchObject({ state: 'active', queued: 7, rates: { in: 7 }, latency: { p95Ms: 7 } })
  const history = await api.getHistory(ask)
  expect(history.destinations.get('some')).toMatchObject({ in: [7], oldestMs: [7], p95Ms: [7] })
  expect(history.tail).toMatchObject({ bytes: [7], kept: [1000] })
  expect(await api.checkAll(ask)).toMatchObject([{ accepted: true, durationMs: 7 }])

  const config = await api.getConfiguration(ask)
  expect(config).toMatchObject({ file: { etag: 'text of .file.etag', saved: true }, destinations: [{ name: 'text of .destinations[].name' }], restart: ['text of .restart[]'] })
  await api.getFile(ask)
  await api.putFile('a = 1', '"1"', ask)
  await api.checkFile('a = 1', ask)
  await api.checkConfiguration({ destinations: [destination] }, ask)
  await api.reloadFile(ask)
  expect(await api.getVersions(ask)).toMatchObject([{ number: 7, replacedMs: 7, destinations: ['text of .versions[].destinations[]'] }])
  await api.restoreVersion(1, true, '"1"', ask)

  await api.putDestination(destination, '"1"', ask)
  await api.deleteDestination('a b/c', true, '"1"', ask)
  for (const order of ['pause', 'resume', 'drain'] as const) await api.orderDestination('a', order, ask)
  await api.testDestination('a', undefined, ask)
  await api.testDestination('a', destination, ask)

  await api.putRoutes([{ name: 'a', drop: true }], '"1"', ask)
  expect(await api.dryRun([], [{}], ask)).toMatchObject([{ signal: 'traces', omitted: 7, parts: [{ items: 7 }], dropped: [{ reason: 'some', items: 7 }] }])

  expect(await api.getLetters(ask)).toMatchObject([{ items: 7, refusedMs: 7 }])
  await api.getLetter('1', ask)
  await api.replayLetter('1', ask)
  expect(await api.replayLetters('a', ask)).toContain('7 queued again')
  await api.discardLetter('1', ask)
})
it('would notice what is not described', async () => {
  await expect(fake('/api/telemetry/destinations/a/stop', { method: 'POST' })).rejects.toThrow('there is no POST /destinations/a/stop')
  const body = (await (await fake('/api/telemetry/status', { headers: { accept: 'application/json' } })).json()) as Record<string, unknown>
  expect(() => body.later).toThrow(' has no later in openapi.json')
})
