// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import TerminalTabs from './TerminalTabs.vue'
import { useTerminals } from './terminals'

function begin(count: number) {
  const terminals = useTerminals()
  for (let i = 1; i <= count; i += 1) terminals.open({ title: `shell ${i}` })
  terminals.activate(terminals.list[0].key)
  const wrapper = mount(TerminalTabs, { attachTo: document.body })
  return { terminals, wrapper, tabs: () => wrapper.findAll('[role="tab"]') }
}

beforeEach(() => setActivePinia(createPinia()))

describe('TerminalTabs', () => {
  it('names the tab, its panel and its state to assistive technology', async () => {
    const { terminals, tabs } = begin(2)
    terminals.list[1].unread = true
    await flushPromises()
    expect(tabs().map((tab) => [tab.attributes('aria-selected'), tab.attributes('tabindex')])).toEqual([['true', '0'], ['false', '-1']])
    expect(tabs()[1].attributes('aria-label')).toBe('shell 2, new output')
    expect(tabs()[0].attributes('aria-controls')).toBe(`panel-${terminals.list[0].key}`)
  })
  it('moves with the arrow keys, around the ends, and takes the focus along', async () => {
    const { terminals, tabs } = begin(3)
    await tabs()[0].trigger('keydown', { key: 'ArrowLeft' })
    await flushPromises()
    expect(terminals.active?.title).toBe('shell 3')
    expect(document.activeElement).toBe(tabs()[2].element)
    await tabs()[2].trigger('keydown', { key: 'Home' })
    expect(terminals.active?.title).toBe('shell 1')
  })
  it('renames with F2 and Enter, and keeps the name on Escape', async () => {
    const { terminals, wrapper, tabs } = begin(1)
    await tabs()[0].trigger('keydown', { key: 'F2' })
    await flushPromises()
    await wrapper.get('input').setValue('  build  ')
    await wrapper.get('input').trigger('keydown', { key: 'Enter' })
    expect(terminals.list[0].name).toBe('build')
    await tabs()[0].trigger('dblclick')
    await flushPromises()
    await wrapper.get('input').setValue('other')
    await wrapper.get('input').trigger('keydown', { key: 'Escape' })
    expect(terminals.list[0].name).toBe('build')
  })
  it('closes with Delete and by its button, and shows the neighbour', async () => {
    const { terminals, wrapper, tabs } = begin(3)
    await tabs()[0].trigger('keydown', { key: 'Delete' })
    expect(terminals.list.map(({ title }) => title)).toEqual(['shell 2', 'shell 3'])
    expect(terminals.active?.title).toBe('shell 2')
    await wrapper.findAll('[data-testid="terminal-close"]')[0].trigger('click')
    expect(terminals.active?.title).toBe('shell 3')
  })
})
