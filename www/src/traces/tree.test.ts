import { describe, expect, it } from 'vitest'
import { span } from './fixtures'
import { buildTree, guides, visibleRows } from './tree'

const names = (rows: { span: { spanId: string } }[]) => rows.map((row) => row.span.spanId)

describe('buildTree', () => {
  it('lists depth first, siblings by start', () => {
    const tree = buildTree([span('c', 'a', 50, 60), span('b', 'a', 10, 40), span('d', 'b', 20, 30), span('a', null, 0, 100)])
    expect(names(tree.nodes)).toEqual(['a', 'b', 'd', 'c'])
    expect(tree.nodes.map((node) => node.depth)).toEqual([0, 1, 2, 1])
    expect(tree.nodes.map((node) => node.descendants)).toEqual([3, 1, 0, 0])
    expect([tree.startUs, tree.endUs]).toEqual([0, 100])
  })
  it('keeps spans whose parent has not arrived, and says so', () => {
    const tree = buildTree([span('a', null, 0, 10), span('x', 'missing', 5, 8)])
    expect(names(tree.roots)).toEqual(['a', 'x'])
    expect(tree.roots.map((root) => root.orphan)).toEqual([false, true])
  })
  it('shows every span once when parents form a circle', () => {
    const tree = buildTree([span('a', 'c', 0, 1), span('b', 'a', 1, 2), span('c', 'b', 2, 3), span('r', null, 0, 5)])
    expect(names(tree.nodes).sort()).toEqual(['a', 'b', 'c', 'r'])
    expect(tree.nodes.find((node) => node.span.spanId === 'a')?.orphan).toBe(true)
    expect(tree.nodes.map((node) => node.index)).toEqual([0, 1, 2, 3])
  })
  it('keeps both spans that share an id', () => {
    const tree = buildTree([span('a', null, 0, 9), span('b', 'a', 1, 4), span('b', 'a', 5, 8), span('c', 'b', 2, 3)])
    expect(names(tree.nodes)).toEqual(['a', 'b', 'c', 'b'])
  })
  it('survives a chain of 20,000 spans', () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => span(`s${i}`, i === 0 ? null : `s${i - 1}`, i, 30_000))
    expect(buildTree(chain).nodes.at(-1)?.depth).toBe(19_999)
  })
  it('has no rows without spans', () => expect(buildTree([]).nodes).toEqual([]))
})

describe('visibleRows and guides', () => {
  const tree = buildTree([span('a', null, 0, 100), span('b', 'a', 10, 40), span('d', 'b', 20, 30), span('c', 'a', 50, 60)])
  it('folds what hangs below a collapsed span', () => {
    expect(names(visibleRows(tree, new Set([1])))).toEqual(['a', 'b', 'c'])
    expect(names(visibleRows(tree, new Set([0, 1])))).toEqual(['a'])
  })
  it('draws lines only to later siblings', () => {
    expect(tree.nodes.map(guides)).toEqual([[], [true], [true, false], [false]])
  })
})
