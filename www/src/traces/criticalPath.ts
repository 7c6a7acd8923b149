/**
 * What the reader waited for: walking back from the end of the trace, at every moment the span whose end let the
 * next thing happen. Children may outlive their parent, as handlers of events do, so a subtree counts until its
 * last span has ended. Time in which no span of a branch ran belongs to the nearest ancestor that was still open.
 */
import type { TraceTree, TreeNode } from './tree'

export interface Segment {
  /** Index into `tree.nodes`. */
  index: number
  startUs: number
  endUs: number
}

export interface CriticalPath {
  /** Latest first, not overlapping. */
  segments: Segment[]
  /** Indices of spans on the path, those without time of their own included. */
  indices: Set<number>
}

interface Frame {
  /** `null` for the trace itself, above its roots. */
  node: TreeNode | null
  /** Children, last ending first. */
  children: TreeNode[]
  next: number
}

export function criticalPath(tree: TraceTree): CriticalPath {
  const lastEnd = subtreeEnds(tree)
  const byEnd = (a: TreeNode, b: TreeNode) => lastEnd[b.index] - lastEnd[a.index] || b.startUs - a.startUs
  const segments: Segment[] = []
  const indices = new Set<number>()
  const stack: Frame[] = [{ node: null, children: [...tree.roots].sort(byEnd), next: 0 }]
  let cursor = tree.endUs

  while (stack.length > 0) {
    const frame = stack[stack.length - 1]
    const child = frame.children[frame.next]
    const floor = frame.node?.startUs ?? tree.startUs
    if (child && cursor > floor) {
      frame.next += 1
      // Still running when the path left it: it ran beside the path, not on it.
      if (lastEnd[child.index] > cursor) continue
      own(stack, Math.max(lastEnd[child.index], floor), cursor, segments)
      cursor = Math.min(cursor, Math.max(lastEnd[child.index], floor))
      indices.add(child.index)
      stack.push({ node: child, children: [...child.children].sort(byEnd), next: 0 })
      continue
    }
    if (cursor > floor) own(stack, floor, cursor, segments)
    cursor = Math.min(cursor, floor)
    stack.pop()
  }
  return { segments, indices }
}

function subtreeEnds(tree: TraceTree): Float64Array {
  const ends = new Float64Array(tree.nodes.length)
  for (let i = tree.nodes.length - 1; i >= 0; i -= 1) {
    const node = tree.nodes[i]
    ends[i] = Math.max(ends[i], node.endUs)
    if (node.parent) ends[node.parent.index] = Math.max(ends[node.parent.index], ends[i])
  }
  return ends
}

/** Gives `from…to` to the innermost span of the stack that was open then, what it leaves to those around it. */
function own(stack: readonly Frame[], from: number, to: number, into: Segment[], level = stack.length - 1) {
  for (; level > 0; level -= 1) {
    const node = stack[level].node
    if (!node || node.endUs <= from) continue
    const since = Math.max(from, node.startUs)
    const until = Math.min(to, node.endUs)
    if (until < to) own(stack, until, to, into, level - 1)
    if (until > since) into.push({ index: node.index, startUs: since, endUs: until })
    return
  }
}
