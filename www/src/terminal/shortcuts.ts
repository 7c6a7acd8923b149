/** Keys that belong to the page rather than to the shell, chosen so that neither browser nor readline misses them. */

export type ShortcutAction =
  | { kind: 'new' | 'close' | 'rename' | 'next' | 'previous' | 'tabs' | 'copy' | 'paste' | 'help' }
  | { kind: 'go'; index: number }

type Keys = Pick<KeyboardEvent, 'code' | 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey'>

const WITH_ALT_SHIFT: Record<string, Exclude<ShortcutAction, { kind: 'go' }>['kind']> = {
  KeyN: 'new',
  KeyW: 'close',
  KeyR: 'rename',
  KeyT: 'tabs',
  ArrowRight: 'next',
  ArrowLeft: 'previous',
  Slash: 'help',
}

/** The page's action for these keys, or `null` when they are the shell's. */
export function shortcut(keys: Keys): ShortcutAction | null {
  const { code, altKey, ctrlKey, metaKey, shiftKey } = keys
  if (metaKey) return null
  if (altKey && shiftKey && !ctrlKey) return code in WITH_ALT_SHIFT ? { kind: WITH_ALT_SHIFT[code] } : null
  if (altKey && !shiftKey && !ctrlKey) {
    const digit = /^Digit([1-9])$/.exec(code)
    return digit ? { kind: 'go', index: Number(digit[1]) - 1 } : null
  }
  if (ctrlKey && shiftKey && !altKey) return code === 'KeyC' ? { kind: 'copy' } : code === 'KeyV' ? { kind: 'paste' } : null
  if (ctrlKey && !shiftKey && !altKey && code === 'Insert') return { kind: 'copy' }
  return null
}

/** For the help dialog. */
export const SHORTCUTS: readonly { keys: string; does: string }[] = [
  { keys: 'Alt+Shift+N', does: 'New terminal' },
  { keys: 'Alt+Shift+W', does: 'Close this terminal' },
  { keys: 'Alt+Shift+R', does: 'Rename this terminal' },
  { keys: 'Alt+Shift+→ / ←', does: 'Next or previous terminal' },
  { keys: 'Alt+1 … Alt+9', does: 'Go to a terminal by its place' },
  { keys: 'Alt+Shift+T', does: 'Leave the terminal for its tab; Tab goes on from there' },
  { keys: 'Ctrl+Shift+C, Ctrl+Insert', does: 'Copy what is selected' },
  { keys: 'Ctrl+Shift+V, Shift+Insert', does: 'Paste' },
  { keys: 'Alt+Shift+/', does: 'Show these keys' },
]
