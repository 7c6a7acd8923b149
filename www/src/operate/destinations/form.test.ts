import { describe, expect, it } from 'vitest'
import { RequestError } from '../../shared/http'
import { configurationOf } from '../fixtures'
import { defaultName, relevant } from './editing'
import { emptyForm, headerRow, movesSecrets, toConfig, toForm } from './form'

const stored = configurationOf().destinations[0]!

describe('a destination in the form', () => {
  it('comes out as it went in', () => {
    const every = {
      ...stored,
      protocol: 'grpc',
      insecure: true,
      compression: 'zstd',
      timeout_ms: 5000,
      queue_bytes: 67_108_864,
      send: { requests_per_second: 2.5, concurrency: 2 },
      retry: { multiplier: 3 },
      certificate: 'authority.pem',
      traces: { endpoint: 'https://other.example/v1/traces' },
    }
    expect(toConfig(toForm(every), every)).toEqual(every)
  })
  it('needs no endpoint where signals have their own', () => {
    const own = { name: 'a', traces: { endpoint: 'http://localhost:4318/v1/traces' } }
    expect(toConfig(toForm(own), own)).toEqual(own)
  })
  it('leaves what is empty to its default', () => {
    const form = emptyForm()
    Object.assign(form, { name: ' a ', endpoint: ' http://localhost:4318 ' })
    form.options.timeout_ms = ' '
    expect(toConfig(form)).toEqual({ name: 'a', endpoint: 'http://localhost:4318' })
    form.signals = ['logs', 'traces']
    expect(toConfig(form).signals).toEqual(['traces', 'logs'])
  })
  it('makes numbers of what is one, and lets the server judge the rest', () => {
    const form = toForm(stored)
    Object.assign(form.options, { timeout_ms: '10 000', 'send/requests_per_second': 'soon', 'retry/give_up_after_ms': '' })
    expect(toConfig(form, stored)).toMatchObject({ timeout_ms: 10_000, send: { requests_per_second: 'soon' } })
    expect(toConfig(form, stored).retry).toBeUndefined()
  })
})

describe('headers', () => {
  it('keep, replace and take away secrets without having them', () => {
    const form = toForm(stored)
    expect(form.headers.map(({ kind, text }) => [kind, text])).toEqual([['kept', ''], ['env', 'TEAM']])
    form.headers.pop()
    form.headers.push(headerRow('x-new', 'file', '/run/secrets/new'), headerRow('', 'value', ''))
    expect(toConfig(form, stored).headers).toEqual({ authorization: '****', 'x-new': { file: '/run/secrets/new' }, 'x-team': null })
    form.headers[0] = headerRow('Authorization', 'value', 'Bearer 2')
    expect(toConfig(form, stored).headers).toEqual({ Authorization: 'Bearer 2', 'x-new': { file: '/run/secrets/new' }, 'x-team': null })
  })
  it('are not taken along to another host', () => {
    const form = toForm(stored)
    form.endpoint = 'https://otlp.example.org/other/path'
    expect(movesSecrets(form, stored)).toBe(false)
    form.endpoint = 'https://otlp.example.com'
    expect(movesSecrets(form, stored)).toBe(true)
    form.headers = form.headers.filter(({ kind }) => kind !== 'kept')
    expect(movesSecrets(form, stored)).toBe(false)
  })
})

describe('answers of the server', () => {
  it('are cut down to the destination they are about', () => {
    const error = new RequestError('m', 'r', 422, [
      { pointer: '/destinations/0/endpoint', place: '', value: '', remedy: 'other' },
      { pointer: '/destinations/1/timeout_ms', place: '', value: '', remedy: 'mine' },
    ])
    expect(relevant(error, 1)!.refused).toEqual([{ pointer: '/timeout_ms', place: '', value: '', remedy: 'mine' }])
    expect(relevant(error)!.refused.map(({ pointer }) => pointer)).toEqual(['/endpoint', '/timeout_ms'])
    expect(relevant(null)).toBeNull()
  })
  it('know a destination without a name by its address', () => {
    const named = (endpoint: string) => defaultName({ name: '', endpoint })
    expect([named('http://localhost:4318'), named('jaeger:4317'), named('https://a.example/x'), named('')]).toEqual(['localhost:4318', 'jaeger:4317', 'a.example', ''])
  })
})
