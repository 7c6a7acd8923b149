// @vitest-environment happy-dom
import { asked, forget, on, refuse, wrong } from '../fakeServer'
import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { configurationBody, statusBody } from '../fixtures'
import { openAt, type Opened } from '../opened'
import { useConfiguration } from '../store'

vi.mock('@aetherterm/telemetry/vue', () => ({ useTelemetry: () => ({ stats: () => ({}) }) }))

let opened: Opened

beforeEach(() => {
  forget()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  on('GET /status', () => statusBody())
  on('GET /config', () => configurationBody())
  on('POST /config/check', () => configurationBody())
  on('POST /routes/dry-run', () => ({
    runs: [
      {
        signal: 'traces',
        items: [
          { name: 'GET /cart', rules: ['the rest'], to: ['archive'], dropped_by: null },
          { name: 'GET /cart', rules: ['the rest'], to: ['archive'], dropped_by: null },
          { name: 'GET /healthz', rules: ['no health checks'], to: [], dropped_by: 'no health checks' },
        ],
        omitted: 0,
        parts: [{ destination: 'archive', items: 2, bytes: 2048 }],
        dropped: { 'route: no health checks': 1 },
      },
    ],
  }))
})

afterEach(() => {
  opened.wrapper.unmount()
  vi.useRealTimers()
})

async function settle() {
  await vi.advanceTimersByTimeAsync(600)
  await flushPromises()
}

const rules = () => opened.wrapper.findAll('[data-testid="rule"]')

it('shows where samples go by the rules in the form, before they are applied', async () => {
  opened = await openAt('/telemetry/routes')
  await settle()
  expect(opened.get('run').text()).toMatch(/traces.*archive 2 items 2 KiB.*1 item dropped/s)
  expect(opened.wrapper.findAll('[data-testid="way"]').map((row) => row.text())).toEqual([expect.stringMatching(/GET \/cart × 2.*the rest.*archive/s), expect.stringContaining('dropped by no health checks')])
  expect(opened.wrapper.findAll('[data-testid="hits"]').map((hits) => hits.text())).toEqual(['1 of 3', '2 of 3'])

  await rules()[1]!.get('[aria-label="Move the rest up"]').trigger('click')
  await settle()
  expect((asked('POST /routes/dry-run').at(-1)!.body as { routes: { name: string }[] }).routes.map(({ name }) => name)).toEqual(['the rest', 'no health checks'])
  expect(asked('PUT /routes')).toHaveLength(0)

  on('PUT /routes', ({ body }) => configurationBody(body as object, '"2"'))
  await opened.get('apply').trigger('submit')
  await flushPromises()
  expect(asked('PUT /routes')[0]).toMatchObject({ ifMatch: '"1"', body: { routes: [{ name: 'the rest' }, { name: 'no health checks' }] } })
  expect(opened.wrapper.text()).toContain('Applied: the rules hold from now on.')
  expect(useConfiguration().routesChanged).toBe(false)
})
it('makes a rule, and shows what is wrong with it where it is wrong', async () => {
  opened = await openAt('/telemetry/routes')
  await settle()
  await opened.get('add-rule').trigger('click')
  on('POST /routes/dry-run', () => refuse(422, 'this cannot be used', [wrong('/routes/2/when/name', 'the glob cannot be read'), wrong('/routes/2', 'a rule needs to or drop'), wrong('/routes/2/to', 'no destination')]))
  const rule = rules()[2]!
  await rule.get('[data-testid="rule-name"]').setValue('failures')
  await rule.get('[data-testid="add-condition"]').trigger('click')
  const condition = rule.get('[data-testid="condition"]')
  await condition.findAll('select')[0]!.setValue('name')
  await condition.findAll('select')[1]!.setValue('glob')
  await condition.get('input').setValue('[')
  await rule.get('[data-testid="to-embedded"]').setValue(true)
  await settle()
  expect(asked('POST /routes/dry-run').at(-1)!.body).toMatchObject({ routes: [{}, {}, { name: 'failures', when: { name: { glob: '[' } }, to: ['embedded'] }] })
  expect(condition.text()).toContain('The glob cannot be read')
  expect(condition.get('input').attributes('aria-invalid')).toBe('true')
  expect(rule.text()).toMatch(/a rule needs to or drop.*No destination/s)
  expect(opened.get('dry-run-problem').text()).toContain('A rule cannot be used yet')
})
it('tries samples of the reader’s own', async () => {
  opened = await openAt('/telemetry/routes')
  await opened.get('own-samples').setValue(true)
  await opened.get('samples').setValue('{ no')
  await settle()
  expect(opened.get('dry-run').text()).toContain('This is not JSON')
  await opened.get('example').trigger('click')
  await settle()
  expect(asked('POST /routes/dry-run').at(-1)!.body).toMatchObject({ samples: [{ resourceSpans: [{}] }] })
})
it('checks rules that there is nothing to try on', async () => {
  on('POST /routes/dry-run', () => ({ runs: [] }))
  opened = await openAt('/telemetry/routes')
  await settle()
  expect(opened.get('dry-run').text()).toContain('The server has seen no telemetry')
  on('POST /config/check', () => refuse(422, 'this cannot be used', [wrong('/routes/0/name', 'two rules have this name')]))
  await opened.get('dry-run-again').trigger('click')
  await settle()
  expect(rules()[0]!.text()).toContain('Two rules have this name')
})
it('follows the server while nobody changes rules, and keeps them when somebody does', async () => {
  opened = await openAt('/telemetry/routes')
  on('GET /config', () => configurationBody({ routes: [{ name: 'theirs', drop: true }] }, '"2"'))
  await useConfiguration().load()
  await flushPromises()
  expect(rules()).toHaveLength(1)

  await opened.get('add-rule').trigger('click')
  on('GET /config', () => configurationBody({ routes: [{ name: 'later', drop: true }] }, '"3"'))
  await useConfiguration().load()
  await flushPromises()
  expect(rules()).toHaveLength(2)
  expect(opened.get('conflict').text()).toMatch(/Rule “theirs” was removed.*Rule “later” was added/s)
  await opened.get('conflict').findAll('button')[1]!.trigger('click')
  expect(rules().map((rule) => rule.get('strong').text())).toEqual(['later'])
})
