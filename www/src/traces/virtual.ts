/** Which rows of a long list have to exist at all. Rows have one height. */

export interface RowWindow {
  first: number
  /** One past the last row. */
  end: number
}

export function rowWindow(scrollTop: number, viewHeight: number, rowHeight: number, count: number, overscan = 8): RowWindow {
  const first = Math.max(0, Math.floor(Math.max(0, scrollTop) / rowHeight) - overscan)
  const end = Math.min(count, Math.ceil((Math.max(0, scrollTop) + viewHeight) / rowHeight) + overscan)
  return { first: Math.min(first, end), end }
}

/** The scroll position that shows row `index` with the least movement. */
export function scrollToRow(index: number, scrollTop: number, viewHeight: number, rowHeight: number): number {
  const top = index * rowHeight
  if (top < scrollTop) return top
  return top + rowHeight > scrollTop + viewHeight ? top + rowHeight - viewHeight : scrollTop
}
