/** Which shells this browser tab has open, so that a reload of the page finds them again. */

export interface Remembered {
  terminalId: string
  /** The name the person gave; empty for the shell's own title. */
  name: string
}

const KEY = 'aetherterm.terminals'

export function recall(): Remembered[] {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]')
    if (!Array.isArray(stored)) return []
    return stored.flatMap((entry: Partial<Remembered> | null) =>
      typeof entry?.terminalId === 'string' ? [{ terminalId: entry.terminalId, name: typeof entry.name === 'string' ? entry.name : '' }] : [],
    )
  } catch {
    return [] // Forbidden or damaged storage: start afresh.
  }
}

export function remember(terminals: readonly Remembered[]) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(terminals))
  } catch {
    // Without storage a reload opens new shells; nothing else is lost.
  }
}
