import { describe, expect, it } from 'vitest'
import { OutputSequence } from './sequence'

/** A screen that only appends, as a person would read it. */
class Screen {
  text = ''
  readonly sequence = new OutputSequence()
  output(seq: number, data: string) {
    this.text += this.sequence.accept(seq, data) ?? ''
  }
  replay(text: string, seq: number) {
    const update = this.sequence.finishReplay(text, seq)
    this.text = (update.reset ? '' : this.text) + update.writes.join('')
    return update
  }
}

describe('OutputSequence', () => {
  it('drops what was already shown', () => {
    const screen = new Screen()
    for (const [seq, data] of [[1, 'a'], [2, 'b'], [2, 'b'], [1, 'a'], [3, 'c']] as const) screen.output(seq, data)
    expect(screen.text).toBe('abc')
  })
  it('replaces the screen by a replay that knows more', () => {
    const screen = new Screen()
    screen.output(1, 'a')
    screen.sequence.beginReplay()
    expect(screen.replay('abc', 3).reset).toBe(true)
    screen.output(4, 'd')
    expect(screen.text).toBe('abcd')
  })
  it('leaves the screen alone when nothing was missed', () => {
    const screen = new Screen()
    screen.output(1, 'a')
    screen.sequence.beginReplay()
    expect(screen.replay('a', 1)).toEqual({ reset: false, writes: [] })
  })
  it('orders outputs that cross with the replay', () => {
    const screen = new Screen()
    screen.output(1, 'a')
    screen.sequence.beginReplay()
    screen.output(3, 'c') // already in the replay
    screen.output(4, 'd') // newer than the replay
    expect(screen.text).toBe('a')
    screen.replay('abc', 3)
    expect(screen.text).toBe('abcd')
  })
  it('writes held output when no replay comes', () => {
    const screen = new Screen()
    screen.sequence.beginReplay()
    screen.output(1, 'a')
    expect(screen.sequence.cancelReplay()).toEqual({ reset: false, writes: ['a'] })
    expect(screen.sequence.position).toBe(1)
  })
  it('holds back what follows a gap until it is filled', () => {
    const screen = new Screen()
    screen.output(1, 'a')
    expect(screen.sequence.waiting).toBe(false)
    screen.output(3, 'c')
    screen.output(4, 'd')
    expect([screen.text, screen.sequence.waiting]).toEqual(['a', true])
    screen.replay('abc', 3)
    expect([screen.text, screen.sequence.waiting]).toEqual(['abcd', false])
  })
  it('shows a gap rather than nothing when it cannot be filled', () => {
    const screen = new Screen()
    screen.output(1, 'a')
    screen.output(3, 'c')
    screen.output(4, 'd')
    expect(screen.sequence.cancelReplay().writes).toEqual(['c', 'd'])
    expect(screen.sequence.accept(5, 'e')).toBe('e')
  })
  it('starts again with a new shell', () => {
    const screen = new Screen()
    screen.output(1, 'old ')
    screen.sequence.restart()
    screen.output(1, 'new')
    expect(screen.text).toBe('old new')
  })
  it('shows each output once for every order of replay and output', () => {
    for (let replayed = 0; replayed <= 6; replayed += 1) {
      for (let asked = 0; asked <= replayed; asked += 1) {
        const screen = new Screen()
        const all = ['a', 'b', 'c', 'd', 'e', 'f']
        all.forEach((data, i) => {
          if (i === asked) screen.sequence.beginReplay()
          screen.output(i + 1, data)
        })
        if (asked >= all.length) screen.sequence.beginReplay()
        screen.replay(all.slice(0, replayed).join(''), replayed)
        expect(screen.text, `asked after ${asked}, replayed ${replayed}`).toBe('abcdef')
      }
    }
  })
})
