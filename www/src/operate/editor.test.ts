// @vitest-environment happy-dom
import { asked, forget, on, refuse, wrong } from './fakeServer'
import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { configurationBody, statusBody } from './fixtures'
import { openAt, type Opened } from './opened'
import { useConfiguration } from './store'

vi.mock('@aetherterm/telemetry/vue', () => ({ useTelemetry: () => ({ stats: () => ({}) }) }))

let opened: Opened
const stored = (configurationBody() as { destinations: object[] }).destinations[0]!

beforeEach(() => {
  forget()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  on('GET /status', () => statusBody())
  on('GET /history', () => ({ destinations: {} }))
  on('GET /config', () => configurationBody())
  on('POST /config/check', () => configurationBody())
})

afterEach(() => {
  opened.wrapper.unmount()
  vi.useRealTimers()
})

async function settle() {
  await vi.advanceTimersByTimeAsync(600)
  await flushPromises()
}

it('adds a destination from a preset, and forgets the secret', async () => {
  opened = await openAt('/telemetry/add')
  await opened.get('preset').setValue('Honeycomb')
  expect((opened.get('field-endpoint').element as HTMLInputElement).value).toBe('https://api.honeycomb.io')
  const key = opened.get('header-value')
  expect(key.attributes('type')).toBe('password')
  await key.setValue('hcaik_secret')
  on('PUT /destinations/honeycomb', () => configurationBody({}, '"2"'))
  await opened.get('apply').trigger('submit')
  await flushPromises()
  expect(asked('PUT /destinations/honeycomb')).toMatchObject([{ ifMatch: '"1"', body: { name: 'honeycomb', endpoint: 'https://api.honeycomb.io', compression: 'gzip', headers: { 'x-honeycomb-team': 'hcaik_secret' } } }])
  await vi.waitFor(() => expect(opened.router.currentRoute.value.path).toBe('/telemetry'))
  expect(document.body.innerHTML).not.toContain('hcaik_secret')
  expect(JSON.stringify([...useConfiguration().destinations])).not.toContain('hcaik_secret')
})
it('shows what the server says at the field, while it is made and when it is applied', async () => {
  on('POST /config/check', () => refuse(422, 'this cannot be used, and nothing was changed\n…', [wrong('/destinations/1/endpoint', 'port 14268 is not OTLP'), wrong('/destinations/0/endpoint', 'not mine')]))
  opened = await openAt('/telemetry/add')
  await opened.get('field-endpoint').setValue('http://localhost:14268')
  await settle()
  const field = () => (opened.get('field-endpoint').element as HTMLElement).closest('.form-field')!
  expect(field().textContent).toContain('Port 14268 is not OTLP')
  expect(opened.get('field-endpoint').attributes('aria-invalid')).toBe('true')
  expect(opened.wrapper.text()).not.toContain('Not mine')

  on('PUT /destinations/localhost%3A14268', () => refuse(422, 'this cannot be used, and nothing was changed\n/retry/max_ms: …', [wrong('/retry/max_ms', 'expected milliseconds'), wrong('', 'there may be 16')]))
  await opened.get('apply').trigger('submit')
  await flushPromises()
  expect(opened.get('refused').text()).toBe('This cannot be used, and nothing was changed. Change the request and try again.')
  expect((opened.get('option-retry/max_ms').element as HTMLElement).closest('.form-field')!.textContent).toContain('Expected milliseconds')
  expect(opened.get('other-errors').text()).toContain('There may be 16')
})
it('keeps stored secrets without having them, and says so when the host changes', async () => {
  opened = await openAt('/telemetry/destinations/archive')
  expect(opened.wrapper.text()).toContain('stored, not shown')
  await opened.get('field-endpoint').setValue('https://other.example')
  expect(opened.has('moves')).toBe(true)
  await opened.get('field-endpoint').setValue('https://otlp.example.org/new')
  expect(opened.has('moves')).toBe(false)
  on('PUT /destinations/archive', () => configurationBody({}, '"2"'))
  await opened.get('apply').trigger('submit')
  await flushPromises()
  expect(asked('PUT /destinations/archive')[0]!.body).toEqual({ ...stored, endpoint: 'https://otlp.example.org/new' })
})
it('keeps what is typed while polls come and other views are looked at', async () => {
  opened = await openAt('/telemetry/destinations/archive')
  await opened.get('field-endpoint').setValue('https://otlp.example.org/typed')
  on('GET /config', () => configurationBody({ paused: ['archive'], routes: [] }, '"7"'))
  await useConfiguration().load()
  await opened.router.push('/telemetry')
  await flushPromises()
  expect(opened.wrapper.text()).toContain('changes not applied')
  await opened.router.push('/telemetry/destinations/archive')
  await flushPromises()
  expect((opened.get('field-endpoint').element as HTMLInputElement).value).toBe('https://otlp.example.org/typed')
  // What others did elsewhere is no conflict: the change is made from the latest state.
  expect(opened.has('conflict')).toBe(false)
  on('PUT /destinations/archive', () => configurationBody({}, '"8"'))
  await opened.get('apply').trigger('submit')
  await flushPromises()
  expect(asked('PUT /destinations/archive')[0]!.ifMatch).toBe('"7"')
})
it('explains a conflict by what was changed, and lets the reader choose', async () => {
  opened = await openAt('/telemetry/destinations/archive')
  await opened.get('field-endpoint').setValue('https://mine.example')
  const theirs = () => configurationBody({ destinations: [{ ...stored, timeout_ms: 7000 }] }, '"2"')
  on('GET /config', theirs)
  on('PUT /destinations/archive', ({ ifMatch }) => (ifMatch === '"2"' ? configurationBody({}, '"3"') : refuse(412, 'somebody was faster')))
  await opened.get('apply').trigger('submit')
  await flushPromises()
  expect(opened.get('conflict').text()).toContain('Destination “archive”: timeout_ms was set to 7000.')
  expect(asked('PUT /destinations/archive')).toHaveLength(1)
  await opened.get('conflict').findAll('button')[0]!.trigger('click')
  expect((opened.get('field-endpoint').element as HTMLInputElement).value).toBe('https://mine.example')
  await opened.get('apply').trigger('submit')
  await flushPromises()
  expect(asked('PUT /destinations/archive').map(({ ifMatch }) => ifMatch)).toEqual(['"1"', '"2"'])
})
it('shows what the server has while nothing is changed', async () => {
  opened = await openAt('/telemetry/destinations/archive')
  on('GET /config', () => configurationBody({ destinations: [{ ...stored, endpoint: 'https://theirs.example' }] }, '"2"'))
  await useConfiguration().load()
  await flushPromises()
  expect((opened.get('field-endpoint').element as HTMLInputElement).value).toBe('https://theirs.example')
  expect(opened.has('conflict')).toBe(false)
})
it('sends a changed destination again by itself where others changed something else', async () => {
  opened = await openAt('/telemetry/destinations/archive')
  await opened.get('field-endpoint').setValue('https://otlp.example.org/new')
  on('GET /config', () => configurationBody({ routes: [] }, '"2"'))
  on('PUT /destinations/archive', ({ ifMatch }) => (ifMatch === '"2"' ? configurationBody({}, '"3"') : refuse(412, 'somebody was faster')))
  await opened.get('apply').trigger('submit')
  await flushPromises()
  await vi.waitFor(() => expect(opened.router.currentRoute.value.path).toBe('/telemetry'))
})
it('does not replace another destination by a new one of its name', async () => {
  opened = await openAt('/telemetry/add')
  await opened.get('field-endpoint').setValue('http://localhost:4318')
  expect(opened.get('apply').attributes('disabled')).toBeDefined()
  expect(opened.wrapper.text()).toContain('There is a destination of this name.')
})
it('tests what is in the form', async () => {
  opened = await openAt('/telemetry/destinations/archive')
  on('POST /destinations/archive/test', () => ({ results: [{ destination: 'archive', signal: 'traces', accepted: false, duration_ms: 3, answer: 'HTTP 401', remedy: 'check the headers' }] }))
  await opened.get('option-timeout_ms').setValue('700')
  await opened.get('test-draft').trigger('click')
  await flushPromises()
  expect(asked('POST /destinations/archive/test')[0]!.body).toMatchObject({ timeout_ms: 700 })
  expect(opened.get('check').text()).toContain('HTTP 401; check the headers')
})
