import { describe, expect, it } from 'vitest'
import { inChunks } from './input'
import { shortcut } from './shortcuts'

const keys = (text: string) => {
  const parts = text.split('+')
  return {
    code: parts.at(-1) ?? '',
    altKey: parts.includes('Alt'), ctrlKey: parts.includes('Ctrl'), metaKey: parts.includes('Meta'), shiftKey: parts.includes('Shift'),
  }
}

describe('shortcut', () => {
  it.each([
    ['Alt+Shift+KeyN', { kind: 'new' }],
    ['Alt+Shift+KeyW', { kind: 'close' }],
    ['Alt+Shift+KeyT', { kind: 'tabs' }],
    ['Alt+Shift+ArrowLeft', { kind: 'previous' }],
    ['Alt+Digit3', { kind: 'go', index: 2 }],
    ['Ctrl+Shift+KeyC', { kind: 'copy' }],
    ['Ctrl+Insert', { kind: 'copy' }],
  ])('%s', (text, action) => expect(shortcut(keys(text))).toEqual(action))

  it.each(['Ctrl+KeyC', 'KeyN', 'Alt+KeyB', 'Alt+Shift+KeyB', 'Ctrl+Alt+Digit1', 'Meta+Alt+Shift+KeyN', 'Alt+Digit0', 'Ctrl+KeyW'])(
    '%s is left to the shell',
    (text) => expect(shortcut(keys(text))).toBeNull(),
  )
})

describe('inChunks', () => {
  it('loses nothing and cuts no character in two', () => {
    const text = 'ab😀cd😀😀e'
    for (let most = 1; most <= text.length + 1; most += 1) expect(inChunks(text, most).join('')).toBe(text)
    expect(inChunks('a😀b', 2)).toEqual(['a', '😀', 'b'])
    expect(inChunks('')).toEqual([])
  })
})
