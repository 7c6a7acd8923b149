// @vitest-environment happy-dom
import type { TelemetryStats } from '@aetherterm/telemetry'
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { getJson, RequestError } from '../shared/http'
import TelemetryView from './TelemetryView.vue'

let stats: TelemetryStats
vi.mock('@aetherterm/telemetry/vue', () => ({ useTelemetry: () => ({ stats: () => stats }) }))
vi.mock('../shared/http', async (original) => ({ ...(await original<typeof import('../shared/http')>()), getJson: vi.fn() }))

beforeEach(() => {
  stats = { state: 'ready', queued: 3, queuedBytes: 900, exported: { traces: 40, logs: 1, metrics: 0 }, dropped: {} }
  vi.mocked(getJson).mockReset()
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
it('says how the queues on disk are, and what was refused for good', async () => {
  await open({
    enabled: true,
    storage: { folder: '/var/lib/aetherterm/telemetry', state: 'full', problem: 'the disk is full', bytes: 2048, recovered: 3, damaged: 1 },
    dead_letters: { letters: 2, bytes: 10, max_bytes: 100, lost: 4 },
  })
  expect(wrapper.get('[data-testid="storage"]').text()).toMatch(/failing.*The disk is full\..*3 requests, queued again.*1 places/)
  expect(wrapper.get('[data-testid="dead-letters"]').text()).toMatch(/2 requests.*4 requests/)
})
it('shows the page’s own side even when the server does not answer', async () => {
  vi.mocked(getJson).mockRejectedValue(new RequestError('The server cannot be reached.', 'Start it.', 0))
  wrapper = mount(TelemetryView)
  await flushPromises()
  expect(wrapper.get('[role="alert"]').text()).toContain('cannot be reached')
  expect(wrapper.get('[data-testid="page-sent-traces"]').text()).toBe('40')
})
