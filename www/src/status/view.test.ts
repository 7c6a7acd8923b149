// @vitest-environment happy-dom
import type { TelemetryStats } from '@aetherterm/telemetry'
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { act, getJson, RequestError } from '../shared/http'
import TelemetryView from './TelemetryView.vue'

let stats: TelemetryStats
vi.mock('@aetherterm/telemetry/vue', () => ({ useTelemetry: () => ({ stats: () => stats }) }))
vi.mock('../shared/http', async (original) => ({ ...(await original<typeof import('../shared/http')>()), getJson: vi.fn(), act: vi.fn() }))

beforeEach(() => {
  stats = { state: 'ready', queued: 3, queuedBytes: 900, exported: { traces: 40, logs: 1, metrics: 0 }, dropped: {} }
  vi.mocked(getJson).mockReset()
  vi.mocked(act).mockReset()
})

let wrapper: ReturnType<typeof mount>
afterEach(() => wrapper.unmount())

async function open(body: unknown) {
  vi.mocked(getJson).mockResolvedValue(body)
  wrapper = mount(TelemetryView)
  await flushPromises()
}

it('shows a failing destination with the reason, and what was dropped', async () => {
  stats.dropped = { rate_limited: 12 }
  await open({
    enabled: true, service_name: 'aetherterm-backend', store: null,
    destinations: [{ name: 'otlp.example:443', signals: ['traces'], queue: { items: 9, bytes: 10, max_bytes: 20 }, failures: 2, last_error: 'answered 401; check the headers', last_success_ms: null }],
    counts: [{ outcome: 'dropped', signal: 'traces', destination: 'otlp.example:443', reason: 'queue_full', value: 7 }],
  })
  expect(wrapper.get('[data-testid="destination"]').text()).toMatch(/failing.*9 items.*never.*check the headers.*2 in a row/)
  expect(wrapper.get('[data-testid="count-row"]').text()).toContain('queue_full')
  expect(wrapper.get('[data-testid="page-telemetry"]').text()).toMatch(/enabled.*12.*more than 20 traces a second/)
})
it('says when it is switched off, on either side', async () => {
  stats.state = 'disabled'
  await open({ enabled: false, off_because: 'it is switched off (OTEL_SDK_DISABLED=true)', destinations: [], store: null, counts: [] })
  expect(wrapper.get('[data-testid="telemetry-enabled"]').text()).toBe('off')
  expect(wrapper.get('[data-testid="server-telemetry"]').text()).toContain('OTEL_SDK_DISABLED')
  expect(wrapper.get('[data-testid="page-telemetry"]').text()).toContain('VITE_TELEMETRY_ENABLED')
})
it('says which settings cannot be used, and which look like a mistake', async () => {
  const problem = { variable: 'OTEL_TRACES_SAMPLER', place: 'telemetry.toml:3: traces.sampler', value: 'often', remedy: 'expected always_on or always_off' }
  await open({ enabled: false, off_because: 'one setting cannot be used', problems: [problem] })
  expect(wrapper.get('[data-testid="telemetry-off-because"]').text()).toContain('One setting cannot be used.')
  expect(wrapper.get('[data-testid="telemetry-problems"]').text()).toMatch(/telemetry.toml:3: traces.sampler=often.*expected always_on/)
  wrapper.unmount()
  await open({ enabled: true, warnings: ['port 4317 is usually gRPC'] })
  expect(wrapper.get('[data-testid="telemetry-warnings"]').text()).toContain('4317')
  expect(wrapper.find('[data-testid="telemetry-problems"]').exists()).toBe(false)
})
it('says how the queues on disk are', async () => {
  await open({
    enabled: true,
    storage: { folder: '/var/lib/aetherterm/telemetry', state: 'full', problem: 'the disk is full', bytes: 2048, recovered: 3, damaged: 1 },
  })
  expect(wrapper.get('[data-testid="storage"]').text()).toMatch(/failing.*The disk is full\..*3 requests, queued again.*1 places/)
  expect(wrapper.find('[data-testid="dead-letters"]').exists()).toBe(false)
})
it('shows what was refused for good, and sends it again', async () => {
  const letters = ['1', '2'].map((id) => ({ id, destination: 'a:4318', signal: 'traces', items: 7, bytes: 2048, refused_ms: 5, status: 'HTTP 400', message: 'HTTP 400, "not like this"' }))
  vi.mocked(getJson).mockImplementation(async (path) =>
    path.endsWith('/status') ? { enabled: true, dead_letters: { letters: letters.length, bytes: 4096, lost: 4 } } : { dead_letters: letters },
  )
  wrapper = mount(TelemetryView)
  await flushPromises()
  const panel = wrapper.get('[data-testid="dead-letters"]')
  expect(panel.text()).toMatch(/2 requests.*4 requests made room.*a:4318 refused 7 traces.*HTTP 400, "not like this"/)

  vi.mocked(act).mockImplementationOnce(async () => (letters.shift(), null))
  await panel.get('[data-testid="dead-letter"] button').trigger('click')
  await flushPromises()
  expect(act).toHaveBeenCalledWith('POST', '/api/telemetry/dead-letters/1/replay')
  expect(panel.findAll('[data-testid="dead-letter"]')).toHaveLength(1)
  expect(panel.text()).toContain('Queued again.')

  vi.mocked(act).mockRejectedValueOnce(new RequestError('The queue is full.', 'Try again later.', 503))
  await panel.get('[data-testid="replay-all"]').trigger('click')
  await flushPromises()
  expect(panel.get('[role="alert"]').text()).toContain('Try again later.')
})
it('asks the destinations, and shows what each answered', async () => {
  await open({ enabled: true, destinations: [{ name: 'a:4318', signals: ['traces'] }] })
  vi.mocked(act).mockResolvedValue({
    results: [
      { destination: 'a:4318', signal: 'traces', accepted: true, duration_ms: 12, answer: 'HTTP 200 OK' },
      { destination: 'a:4318', signal: 'logs', accepted: false, duration_ms: 3, answer: 'HTTP 401', remedy: 'check the headers' },
    ],
  })
  await wrapper.get('[data-testid="check-now"]').trigger('click')
  await flushPromises()
  expect(wrapper.get('[data-testid="check"]').text()).toMatch(/1 of 2 were accepted.*12 ms.*HTTP 200 OK.*HTTP 401; check the headers/)
})
it('shows the page’s own side even when the server does not answer', async () => {
  vi.mocked(getJson).mockRejectedValue(new RequestError('The server cannot be reached.', 'Start it.', 0))
  wrapper = mount(TelemetryView)
  await flushPromises()
  expect(wrapper.get('[role="alert"]').text()).toContain('cannot be reached')
  expect(wrapper.get('[data-testid="page-sent-traces"]').text()).toBe('40')
})
