import { describe, expect, it } from 'vitest'
import { criticalPath } from './criticalPath'
import { span } from './fixtures'
import type { Span } from './jaeger'
import { buildTree } from './tree'

function path(spans: Span[]): string[] {
  const tree = buildTree(spans)
  return criticalPath(tree)
    .segments.sort((a, b) => a.startUs - b.startUs)
    .map((segment) => `${tree.nodes[segment.index].span.spanId} ${segment.startUs}-${segment.endUs}`)
}

describe('criticalPath', () => {
  it('is the whole of a single span', () => expect(path([span('a', null, 5, 25)])).toEqual(['a 5-25']))

  it('goes through the children the parent waited for', () => {
    expect(path([span('a', null, 0, 100), span('b', 'a', 10, 40), span('c', 'a', 50, 90)])).toEqual([
      'a 0-10', 'b 10-40', 'a 40-50', 'c 50-90', 'a 90-100',
    ])
  })
  it('leaves out what ran beside the path', () => {
    expect(path([span('a', null, 0, 100), span('long', 'a', 10, 90), span('short', 'a', 20, 50)])).toEqual([
      'a 0-10', 'long 10-90', 'a 90-100',
    ])
  })
  it('follows an answer sent after its handler had ended', () => {
    const tree = [
      span('send', null, 0, 100),
      span('process', 'send', 10, 20),
      span('answer', 'process', 70, 72),
      span('heard', 'answer', 80, 95),
    ]
    expect(path(tree)).toEqual([
      'send 0-10', 'process 10-20', 'send 20-70', 'answer 70-72', 'send 72-80', 'heard 80-95', 'send 95-100',
    ])
  })
  it('reaches past a root that ended first', () => {
    expect(path([span('send', null, 0, 5), span('process', 'send', 20, 50)])).toEqual(['send 0-5', 'process 20-50'])
  })
  it('names spans on the path that took no time', () => {
    const tree = buildTree([span('a', null, 0, 10), span('instant', 'a', 4, 4)])
    expect([...criticalPath(tree).indices]).toEqual([0, 1])
  })
  it('never overlaps, whatever the shape', () => {
    let seed = 7
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
    for (let round = 0; round < 200; round += 1) {
      const spans = Array.from({ length: 1 + random(30) }, (_, i) => {
        const start = random(1000)
        return span(`s${i}`, i === 0 ? null : `s${random(i)}`, start, start + random(500))
      })
      const tree = buildTree(spans)
      const segments = criticalPath(tree).segments.sort((a, b) => a.startUs - b.startUs)
      segments.forEach((segment, i) => {
        const node = tree.nodes[segment.index]
        expect(segment.endUs).toBeGreaterThan(segment.startUs)
        expect(segment.startUs).toBeGreaterThanOrEqual(node.startUs)
        expect(segment.endUs).toBeLessThanOrEqual(node.endUs)
        if (i > 0) expect(segment.startUs).toBeGreaterThanOrEqual(segments[i - 1].endUs)
      })
    }
  })
  it('handles a chain of 20,000 spans', () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => span(`s${i}`, i === 0 ? null : `s${i - 1}`, i, 90_000 - i))
    expect(criticalPath(buildTree(chain)).indices.size).toBe(20_000)
  })
})
