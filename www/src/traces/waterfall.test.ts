// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { criticalPath } from './criticalPath'
import { span } from './fixtures'
import type { Span } from './jaeger'
import TraceWaterfall from './TraceWaterfall.vue'
import { buildTree } from './tree'

const SPANS = [
  span('root', null, 0, 1000, { name: 'send x', kind: 'client' }),
  span('child', 'root', 100, 800, { name: 'process x', service: 'server', processId: 'p2' }),
  span('leaf', 'child', 200, 300, { name: 'query', service: 'server', processId: 'p2', error: true, errorText: 'no such table' }),
  span('last', 'root', 850, 900, { name: 'render' }),
]

let wrapper: ReturnType<typeof begin>
afterEach(() => wrapper.unmount())

function begin(spans: Span[]) {
  const tree = buildTree(spans)
  const mounted = mount(TraceWaterfall, {
    props: { tree, path: criticalPath(tree), selectedId: tree.nodes[0].span.spanId, found: new Set<number>() },
    attachTo: document.body,
  })
  // What the view does: the selection comes back as a property.
  const follow = () => mounted.setProps({ selectedId: mounted.emitted<[{ span: Span }]>('select')?.at(-1)?.[0].span.spanId ?? 'root' })
  const press = async (key: string) => {
    await mounted.get('[role="tree"]').trigger('keydown', { key })
    await follow()
  }
  const selected = () => mounted.find('[aria-selected="true"]').attributes('data-span-id')
  const names = () => mounted.findAll('[role="treeitem"]').map((row) => row.attributes('data-span-id'))
  return Object.assign(mounted, { press, selected, names })
}

describe('TraceWaterfall', () => {
  it('describes each row to assistive technology', () => {
    wrapper = begin(SPANS)
    const leaf = wrapper.get('[data-span-id="leaf"]')
    expect(leaf.attributes()).toMatchObject({ 'aria-level': '3', 'aria-posinset': '1', 'aria-setsize': '1' })
    expect(leaf.attributes('aria-label')).toBe('query, server, 100 µs, starts at 200 µs, failed: no such table, on the critical path')
    expect(wrapper.get('[role="tree"]').attributes('aria-activedescendant')).toBe(wrapper.get('[data-span-id="root"]').attributes('id'))
  })
  it('moves up and down and stays within the ends', async () => {
    wrapper = begin(SPANS)
    for (const [key, id] of [['ArrowDown', 'child'], ['ArrowDown', 'leaf'], ['End', 'last'], ['ArrowDown', 'last'], ['ArrowUp', 'leaf'], ['Home', 'root'], ['ArrowUp', 'root']]) {
      await wrapper.press(key)
      expect(wrapper.selected(), key).toBe(id)
    }
  })
  it('folds, unfolds and walks the tree with left and right', async () => {
    wrapper = begin(SPANS)
    await wrapper.press('ArrowRight')
    expect(wrapper.selected()).toBe('child')
    await wrapper.press('ArrowLeft')
    expect(wrapper.names()).toEqual(['root', 'child', 'last'])
    expect(wrapper.get('[data-span-id="child"]').attributes('aria-expanded')).toBe('false')
    await wrapper.press('ArrowLeft')
    expect(wrapper.selected()).toBe('root')
    await wrapper.press('ArrowDown')
    await wrapper.press('ArrowRight')
    expect(wrapper.names()).toEqual(['root', 'child', 'leaf', 'last'])
  })
  it('opens the details with Enter and leaves with Escape', async () => {
    wrapper = begin(SPANS)
    await wrapper.press('Enter')
    await wrapper.press('Escape')
    expect(wrapper.emitted('open')).toHaveLength(1)
    expect(wrapper.emitted('escape')).toHaveLength(1)
  })
  it('gives a span the whole width with z, and the trace again', async () => {
    wrapper = begin(SPANS)
    const width = () => parseFloat(wrapper.get<HTMLElement>('[data-span-id="leaf"] .bar').element.style.width)
    await wrapper.setProps({ selectedId: 'leaf' })
    expect(width()).toBeCloseTo(10)
    await wrapper.press('z')
    await wrapper.setProps({ selectedId: 'leaf' })
    expect(width()).toBeGreaterThan(90)
    expect(wrapper.find('[data-span-id="last"] .bar').exists()).toBe(false)
    await wrapper.get('[data-testid="unzoom"]').trigger('click')
    expect(width()).toBeCloseTo(10)
  })
  it('draws the critical path only where it runs', () => {
    wrapper = begin([span('root', null, 0, 100), span('long', 'root', 0, 100), span('beside', 'root', 10, 20)])
    expect(wrapper.get('[data-span-id="beside"]').findAll('.path')).toHaveLength(0)
    expect(wrapper.get('[data-span-id="long"]').findAll('.path')).toHaveLength(1)
  })
  it('makes only some rows of 2,000', () => {
    wrapper = begin(Array.from({ length: 2000 }, (_, i) => span(`s${i}`, i === 0 ? null : `s${Math.floor((i - 1) / 3)}`, i, 5000)))
    expect(wrapper.names().length).toBeGreaterThan(10)
    expect(wrapper.names().length).toBeLessThan(80)
  })
  it('keeps folds and moves the selection when a fold hides it', async () => {
    wrapper = begin(SPANS)
    await wrapper.setProps({ selectedId: 'leaf' })
    await wrapper.get('[data-span-id="root"] .fold').trigger('click')
    expect(wrapper.emitted<[{ span: Span }]>('select')?.at(-1)?.[0].span.spanId).toBe('root')
    await wrapper.setProps({ tree: buildTree([...SPANS, span('late', 'root', 950, 960)]) })
    expect(wrapper.names()).toEqual(['root'])
  })
})
