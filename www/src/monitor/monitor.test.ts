// @vitest-environment happy-dom
import type { SocketActivity, Telemetry } from '@aetherterm/telemetry'
import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { useLastAction } from '../shared/lastAction'
import MonitorView from './MonitorView.vue'
import { useMonitor } from './monitor'

const flush = vi.fn<Telemetry['flush']>(() => Promise.resolve())
vi.mock('@aetherterm/telemetry/vue', () => ({ useTelemetry: () => ({ flush }) }))

const activity = (type: SocketActivity['type'], more: Partial<SocketActivity> = {}): SocketActivity => ({
  type, id: 'r1', traceId: 'abc', event: 'terminal:create', namespace: '/', at: Date.now(), expectsReply: true, ...more,
})

const empty = { template: '<div />' }
const router = createRouter({
  history: createMemoryHistory(),
  routes: [{ path: '/', component: empty }, { path: '/telemetry', component: empty }, { path: '/traces/:id', name: 'trace', component: empty }],
})

let wrapper: ReturnType<typeof mount>
beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
})
afterEach(() => {
  wrapper?.unmount()
  vi.useRealTimers()
})

const open = () => (wrapper = mount(MonitorView, { global: { plugins: [router] } }))
const look = async (ms = 250) => {
  await vi.advanceTimersByTimeAsync(ms)
  await nextTick()
}

describe('MonitorView', () => {
  it('shows what happened before it was opened', () => {
    useMonitor().follow(activity('sent'))
    open()
    expect(wrapper.get('[data-testid="pending-count"]').text()).toBe('1')
    expect(wrapper.get('[data-testid="activity-row"]').attributes('data-event')).toBe('terminal:create')
  })
  it('lets a pending request age and go', async () => {
    open()
    useMonitor().follow(activity('sent'))
    await look(750)
    expect(wrapper.get('[data-testid="pending-row"]').text()).toContain('750 ms')
    useMonitor().follow(activity('answered', { durationMs: 800 }))
    await look()
    expect(wrapper.find('[data-testid="pending-row"]').exists()).toBe(false)
    expect(wrapper.get('[data-testid="activity-row"]').text()).toMatch(/(78|79|80|81)\d ms/)
  })
  it('counts a timeout as an error and names it in the log', async () => {
    open()
    useMonitor().follow(activity('sent'))
    useMonitor().follow(activity('timeout'))
    await look()
    expect(wrapper.get('[data-testid="activity-row"]').text()).toContain('100 %')
    expect(wrapper.get('[data-testid="log-row"]').text()).toContain('timed out')
  })
  it('stands still while paused', async () => {
    open()
    useMonitor().follow(activity('sent'))
    await look()
    await wrapper.get('[data-testid="monitor-pause"]').trigger('click')
    useMonitor().follow(activity('sent', { id: 'r2' }))
    await look()
    expect(wrapper.get('[data-testid="total-sent"]').text()).toBe('1')
  })
  it('filters the log and leads from an event to its trace', async () => {
    useMonitor().follow(activity('sent'))
    useMonitor().follow(activity('received', { event: 'terminal:output', traceId: 'def', id: 'x' }))
    open()
    await wrapper.get('[data-testid="log-filter"]').setValue('output')
    expect(wrapper.findAll('[data-testid="log-row"]')).toHaveLength(1)
    await wrapper.get('[data-testid="log-trace"]').trigger('click')
    await vi.advanceTimersByTimeAsync(0)
    await router.isReady()
    expect(flush).toHaveBeenCalled()
    expect(router.currentRoute.value.params.id).toBe('def')
  })
})

describe('useLastAction', () => {
  it('follows the newest action to its answer', async () => {
    const lastAction = useLastAction()
    lastAction.follow(activity('sent', { id: 'k1', event: 'terminal:input', traceId: 't1' }))
    lastAction.follow(activity('sent', { id: 'k2', event: 'terminal:input', traceId: 't2' }))
    lastAction.follow(activity('answered', { id: 'k1', event: 'terminal:input', durationMs: 3 }))
    await look(50)
    expect(lastAction.last).toMatchObject({ label: 'Keystroke', traceId: 't2', state: 'pending' })
    lastAction.follow(activity('answered', { id: 'k2', event: 'terminal:input', durationMs: 4 }))
    await look(50)
    expect(lastAction.last).toMatchObject({ state: 'done', durationMs: 4 })
  })
  it('passes over what has no trace or is nobody’s action', async () => {
    const lastAction = useLastAction()
    lastAction.follow(activity('sent', { event: 'terminal:input', traceId: undefined }))
    lastAction.follow(activity('sent', { event: 'session:list' }))
    lastAction.follow(activity('sent', { event: 'terminal:ack' }))
    await look(50)
    expect(lastAction.last).toBeNull()
  })
})
