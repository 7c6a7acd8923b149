// @vitest-environment happy-dom
import { asked, forget, on, refuse, wrong } from '../fakeServer'
import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { configurationBody, statusBody } from '../fixtures'
import { openAt, type Opened } from '../opened'
import { useConfiguration } from '../store'

vi.mock('@aetherterm/telemetry/vue', () => ({ useTelemetry: () => ({ stats: () => ({}) }) }))

let opened: Opened
let config: object

beforeEach(() => {
  forget()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  config = configurationBody()
  on('GET /status', () => statusBody())
  on('GET /config', () => config)
  on('GET /config/versions', () => ({ versions: [{ number: 1, replaced_ms: Date.now() - 60_000, bytes: 2048, destinations: ['old'], routes: [] }] }))
})

afterEach(() => {
  opened.wrapper.unmount()
  vi.useRealTimers()
})

async function open(text: string) {
  on('GET /config', ({ accept }) => (accept === 'application/toml' ? text : config))
  opened = await openAt('/telemetry/configuration')
  await flushPromises()
}

it('restores an earlier version, and says what that changed', async () => {
  await open('a = 1')
  expect(opened.get('version').text()).toMatch(/Until \d+ \w ago.*2 KiB.*Destinations old; no rule/s)
  await opened.get('restore').trigger('click')
  on('POST /config/versions/1/restore', () => refuse(409, '5 requests wait for archive; drain it first'))
  await opened.get('confirm-restore').trigger('click')
  await flushPromises()
  expect(opened.get('versions').get('[role="alert"]').text()).toContain('Drain it first.')
  on('POST /config/versions/1/restore', () => configurationBody({ destinations: [{ name: 'old', endpoint: 'x' }], routes: [] }, '"2"'))
  await opened.get('restore-discard').trigger('click')
  await flushPromises()
  expect(asked('POST /config/versions/1/restore')).toMatchObject([{ ifMatch: '"1"' }, { ifMatch: '"1"', path: '/config/versions/1/restore?discard=true' }])
  expect(opened.get('versions').text()).toMatch(/Restored.*Destination “archive” was removed.*Destination “old” was added/s)
})
it('lets a change made by hand be applied or taken back', async () => {
  config = configurationBody({ file: { path: '/srv/telemetry.toml', etag: '"1"', saved: true, changed_by_hand: true, problem: null } })
  await open('a = 1')
  await opened.router.push('/telemetry/routes')
  await vi.waitFor(() => expect(opened.wrapper.text()).toContain('The file of settings was changed by hand'))
  await opened.router.push('/telemetry/configuration')
  await vi.waitFor(() => expect(opened.has('reload')).toBe(true))
  on('POST /config/reload', () => refuse(422, 'this cannot be used', [{ pointer: '', place: 'telemetry.toml:3: share', value: '7', remedy: 'expected 0 to 1' }]))
  await opened.get('reload').trigger('click')
  await flushPromises()
  expect(opened.get('configuration-tab').text()).toMatch(/telemetry.toml:3: share=7 expected 0 to 1/)
  on('POST /config/versions/0/restore', () => configurationBody({}, '"2"'))
  await opened.get('take-back').trigger('click')
  await flushPromises()
  expect(opened.has('by-hand')).toBe(false)
})
it('says where changes are not kept', async () => {
  config = configurationBody({ file: { path: null, etag: '"1"', saved: false, changed_by_hand: false, problem: 'there is no file; changes hold until the process ends' } })
  await open('a = 1')
  expect(opened.get('file-problem').text()).toBe('There is no file; changes hold until the process ends.')
  expect(opened.has('file-text')).toBe(false)
})
it('checks the text while it is written, and applies it', async () => {
  await open('a = 1')
  on('POST /config/check', () => refuse(422, 'this cannot be used', [wrong('', 'there is no key b')]))
  await opened.get('file-text').setValue('b = 1')
  await vi.advanceTimersByTimeAsync(600)
  await flushPromises()
  expect(opened.get('configuration-tab').text()).toContain('there is no key b')
  expect(useConfiguration().fileChanged).toBe(true)
  on('PUT /config', () => configurationBody({ restart: ['batch.spans.delay_ms', 'the store in memory begins with the next start'] }, '"2"'))
  await opened.get('apply').trigger('submit')
  await flushPromises()
  expect(asked('PUT /config')).toMatchObject([{ ifMatch: '"1"', body: 'b = 1' }])
  const named = opened.get('restart').findAll('li').map((one) => one.text())
  expect(named).toEqual(['batch.spans.delay_ms', 'The store in memory begins with the next start.'])
})
