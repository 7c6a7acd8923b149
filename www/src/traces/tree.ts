/** The spans of a trace as a tree, flattened in the order in which the waterfall shows them. */
import type { Span } from './jaeger'

export interface TreeNode {
  /** Position in {@link TraceTree.nodes}. */
  index: number
  span: Span
  parent: TreeNode | null
  children: TreeNode[]
  depth: number
  /** It names a parent that is not here: not arrived, dropped, or part of a loop. */
  orphan: boolean
  /** Start and end on the common clock of the trace (see `skew.ts`), epoch microseconds. */
  startUs: number
  endUs: number
  /** How many spans hang below, at any depth. */
  descendants: number
}

export interface TraceTree {
  /** Depth first: a parent is followed by all that hangs below it. */
  nodes: TreeNode[]
  roots: TreeNode[]
  startUs: number
  endUs: number
}

/** What to add to the start of a span; zero unless clocks differ. */
export type ClockShift = (span: Span) => number

/**
 * Builds the tree. Any input gives a tree holding every span once: a span id that occurs twice keeps its first
 * place as a parent, and parents in a circle are cut at the earliest span.
 */
export function buildTree(spans: readonly Span[], shift: ClockShift = () => 0): TraceTree {
  const all = spans.map((span): TreeNode => {
    const startUs = span.startUs + shift(span)
    return { index: -1, span, parent: null, children: [], depth: 0, orphan: false, startUs, endUs: startUs + span.durationUs, descendants: 0 }
  })
  all.sort(byStart)

  const byId = new Map<string, TreeNode>()
  for (const node of all) if (!byId.has(node.span.spanId)) byId.set(node.span.spanId, node)

  const roots: TreeNode[] = []
  for (const node of all) {
    const { parentId } = node.span
    const parent = parentId === null ? undefined : byId.get(parentId)
    if (parent && parent !== node) {
      node.parent = parent
      parent.children.push(node)
    } else {
      node.orphan = parentId !== null
      roots.push(node)
    }
  }

  const nodes: TreeNode[] = []
  for (const root of roots) flatten(root, nodes)
  // Whatever is not below a root sits in a circle of parents: cut it and hang it up as an orphan.
  for (const node of all) {
    if (node.index !== -1) continue
    node.parent?.children.splice(node.parent.children.indexOf(node), 1)
    node.parent = null
    node.orphan = true
    roots.push(node)
    flatten(node, nodes)
  }

  for (let i = nodes.length - 1; i >= 0; i -= 1) {
    const node = nodes[i]
    if (node.parent) node.parent.descendants += node.descendants + 1
  }

  let startUs = Infinity
  let endUs = -Infinity
  for (const node of nodes) {
    startUs = Math.min(startUs, node.startUs)
    endUs = Math.max(endUs, node.endUs)
  }
  return nodes.length === 0 ? { nodes, roots, startUs: 0, endUs: 0 } : { nodes, roots, startUs, endUs }
}

function byStart(a: TreeNode, b: TreeNode): number {
  return a.startUs - b.startUs || b.endUs - a.endUs
}

/** Without recursion: a chain of thousands of spans must not exhaust the stack. */
function flatten(root: TreeNode, into: TreeNode[]) {
  const stack = [root]
  for (let node = stack.pop(); node; node = stack.pop()) {
    node.index = into.length
    node.depth = node.parent ? node.parent.depth + 1 : 0
    into.push(node)
    for (let i = node.children.length - 1; i >= 0; i -= 1) stack.push(node.children[i])
  }
}

/** The rows on show when the children of `collapsed` span indices are folded away. */
export function visibleRows(tree: TraceTree, collapsed: ReadonlySet<number>): TreeNode[] {
  const rows: TreeNode[] = []
  for (let i = 0; i < tree.nodes.length; i += 1) {
    const node = tree.nodes[i]
    rows.push(node)
    if (collapsed.has(i)) i += node.descendants
  }
  return rows
}

/** For each level above the row, whether a line has to pass through to a later sibling. */
export function guides(node: TreeNode): boolean[] {
  const lines: boolean[] = []
  for (let at: TreeNode = node; at.parent; at = at.parent) lines.unshift(at.parent.children.at(-1) !== at)
  return lines
}
