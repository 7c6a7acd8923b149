// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import TimeChart from './TimeChart.vue'

const series = [
  { name: 'in', values: [1, 2, 30], tone: 'first' as const },
  { name: 'out', values: [1, null, 20], tone: 'second' as const },
]

function open(cursor: number | null = null) {
  const wrapper = mount(TimeChart, {
    props: { title: 'Items', unit: 'count' as const, series, everyMs: 5000, untilMs: 100_000, cursor, 'onUpdate:cursor': (to: number | null) => wrapper.setProps({ cursor: to }) },
  })
  return wrapper
}

it('says the latest numbers as text, to eyes and to screen readers', () => {
  const wrapper = open()
  expect(wrapper.get('figcaption').text()).toMatch(/Items.*in\s*30\/s.*out\s*20\/s/s)
  expect(wrapper.get('[role="slider"]').attributes('aria-valuetext')).toBe('Items: in 30/s, out 20/s; at most 30/s in the last 5 minutes')
  expect(wrapper.text()).toMatch(/50\/s.*5 min ago.*now/s)
})
it('is read back in time with the keys', async () => {
  const wrapper = open()
  const plot = wrapper.get('[role="slider"]')
  await plot.trigger('keydown', { key: 'ArrowLeft' })
  expect(wrapper.get('figcaption').text()).toMatch(/in\s*2\/s.*out\s*–/s)
  expect(plot.attributes('aria-valuenow')).toBe('-1')
  expect(plot.attributes('aria-valuetext')).toContain('Items, 5 s ago: in 2/s, out –')
  await plot.trigger('keydown', { key: 'Home' })
  await plot.trigger('keydown', { key: 'ArrowLeft' })
  expect(plot.attributes('aria-valuenow')).toBe('-2')
  await plot.trigger('keydown', { key: 'Escape' })
  expect(wrapper.get('figcaption').text()).toMatch(/in\s*30\/s/)
})
it('points at the sample under the pointer', async () => {
  const wrapper = open()
  const plot = wrapper.get('[role="slider"]')
  plot.element.getBoundingClientRect = () => ({ left: 0, width: 59, top: 0, height: 50, right: 59, bottom: 50, x: 0, y: 0, toJSON: () => '' })
  await plot.trigger('pointermove', { clientX: 58 })
  expect(plot.attributes('aria-valuenow')).toBe('-1')
  // Where there are no samples yet, the oldest one is meant.
  await plot.trigger('pointermove', { clientX: 3 })
  expect(plot.attributes('aria-valuenow')).toBe('-2')
  await plot.trigger('pointerleave')
  expect(wrapper.find('.cursor').exists()).toBe(false)
})
it('does without samples', () => {
  const wrapper = mount(TimeChart, { props: { title: 'Waiting', unit: 'bytes', series: [{ name: '', values: [], tone: 'first' }], everyMs: 5000, untilMs: 0 } })
  expect(wrapper.get('figcaption').text()).toContain('–')
})
