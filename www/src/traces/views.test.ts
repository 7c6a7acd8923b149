// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'
import { getJson, RequestError } from '../shared/http'
import TracesView from './TracesView.vue'
import TraceView from './TraceView.vue'

vi.mock('../shared/http', async (original) => ({ ...(await original<typeof import('../shared/http')>()), getJson: vi.fn() }))

const NOW_US = Date.now() * 1000

function jaegerTrace(traceID: string, name: string, error = false) {
  return {
    traceID,
    processes: { p1: { serviceName: 'aetherterm-frontend' }, p2: { serviceName: 'aetherterm-backend' } },
    spans: [
      { spanID: 'a', operationName: name, startTime: NOW_US - 90e6, duration: 5000, processID: 'p1', tags: [{ key: 'span.kind', value: 'client' }] },
      {
        spanID: 'b', operationName: 'process x', startTime: NOW_US - 90e6 + 1000, duration: 900, processID: 'p2',
        references: [{ refType: 'CHILD_OF', traceID, spanID: 'a' }], tags: [{ key: 'error', value: error }, { key: 'http.route', value: '/x' }],
      },
    ],
  }
}

let router: Router
let traces: unknown[]

beforeEach(async () => {
  traces = [jaegerTrace('t1', 'send one'), jaegerTrace('t2', 'send two', true)]
  vi.mocked(getJson).mockReset().mockImplementation(async (path) => {
    if (path.endsWith('/services')) return { data: ['aetherterm-frontend'] }
    if (path.includes('/operations')) return { data: ['send one'] }
    if (path.includes('/traces?')) return { data: traces }
    return { data: traces.filter((trace) => path.endsWith((trace as { traceID: string }).traceID)) }
  })
  const empty = { template: '<div />' }
  router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: empty },
      { path: '/telemetry', component: empty },
      { path: '/traces', name: 'traces', component: empty },
      { path: '/traces/:id', name: 'trace', component: empty },
    ],
  })
  await router.push('/traces')
})

let wrapper: ReturnType<typeof mount>
afterEach(() => wrapper.unmount())

async function list() {
  wrapper = mount(TracesView, { global: { plugins: [router] }, attachTo: document.body })
  await flushPromises()
  return wrapper
}

const rows = () => wrapper.findAll('[data-testid="trace-row"]').map((row) => row.attributes('data-trace-id'))

describe('TracesView', () => {
  it('lists traces with a link to each', async () => {
    await list()
    expect(rows().sort()).toEqual(['t1', 't2'])
    expect(wrapper.get('[data-trace-id="t1"] a').attributes('href')).toBe('/traces/t1')
    expect(wrapper.get('[data-trace-id="t1"]').text()).toContain('5 ms')
  })
  it('filters by text and errors and keeps that in the address', async () => {
    await list()
    await wrapper.get('[data-testid="filter-text"]').setValue('SEND two')
    expect(rows()).toEqual(['t2'])
    await wrapper.get('[data-testid="filter-text"]').setValue('')
    await wrapper.get('[data-testid="filter-errors"]').setValue(true)
    await flushPromises()
    expect(rows()).toEqual(['t2'])
    expect(router.currentRoute.value.query).toEqual({ errors: '1' })
  })
  it('asks the server for one service and its operations', async () => {
    await list()
    await wrapper.get('[data-testid="filter-service"]').setValue('aetherterm-frontend')
    await flushPromises()
    await wrapper.get('[data-testid="filter-operation"]').setValue('send one')
    await flushPromises()
    expect(vi.mocked(getJson).mock.calls.at(-1)?.[0]).toBe('/jaeger/api/traces?service=aetherterm-frontend&limit=100&lookback=1h&operation=send+one')
  })
  it('tells "nothing there" from "nothing matches"', async () => {
    traces = []
    await list()
    expect(wrapper.get('[data-testid="traces-empty"]').text()).toContain('No traces yet')
    await wrapper.get('[data-testid="filter-errors"]').setValue(true)
    expect(wrapper.get('[data-testid="traces-empty"]').text()).toContain('No trace matches')
  })
  it('shows a failure, and keeps what it had when a later request fails', async () => {
    vi.mocked(getJson).mockRejectedValueOnce(new RequestError('The server cannot be reached.', 'Check it.', 0))
    await list()
    expect(wrapper.get('[role="alert"]').text()).toContain('cannot be reached')
    await wrapper.get('[data-testid="traces-refresh"]').trigger('click')
    await flushPromises()
    expect(rows()).toHaveLength(2)
    vi.mocked(getJson).mockRejectedValueOnce(new RequestError('It broke.', 'Try again.', 500))
    await wrapper.get('[data-testid="traces-refresh"]').trigger('click')
    await flushPromises()
    expect(rows()).toHaveLength(2)
    expect(wrapper.get('[role="alert"]').text()).toContain('It broke.')
  })
})

describe('TraceView', () => {
  async function open(id: string) {
    wrapper = mount(TraceView, { props: { id }, global: { plugins: [router] }, attachTo: document.body })
    await flushPromises()
  }

  it('shows both services in one tree and the chosen span in detail', async () => {
    await open('t2')
    expect(wrapper.get('[data-testid="trace-title"]').text()).toBe('send two')
    expect(wrapper.findAll('[data-testid="waterfall-row"]').map((row) => row.attributes('data-service'))).toEqual(['aetherterm-frontend', 'aetherterm-backend'])
    await wrapper.get('[data-span-id="b"]').trigger('dblclick')
    await flushPromises()
    expect(wrapper.get('[data-testid="span-details"]').text()).toContain('/x')
    expect(wrapper.find('[data-testid="span-error"]').exists()).toBe(true)
  })
  it('waits for a trace that has not arrived', async () => {
    vi.mocked(getJson).mockRejectedValue(new RequestError('trace not found', '', 404))
    await open('t9')
    expect(wrapper.find('[data-testid="trace-waiting"]').exists()).toBe(true)
  })
  it('says what is wrong with the server', async () => {
    vi.mocked(getJson).mockRejectedValue(new RequestError('The server answered 500.', 'See the server log.', 500))
    await open('t1')
    expect(wrapper.get('[data-testid="trace-error"]').text()).toContain('See the server log.')
  })
})
