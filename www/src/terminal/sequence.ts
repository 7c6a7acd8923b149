/**
 * Output of one shell in order and once. Every output carries a sequence number; after a reconnect the server
 * replays its scrollback up to such a number, and outputs that cross with the replay arrive around it.
 */

/** What to do with the screen. */
export interface ScreenUpdate {
  /** Clear the screen before writing: the replay holds everything that is known. */
  reset: boolean
  writes: string[]
}

interface Held {
  seq: number
  data: string
}

/** Outputs held back while a replay is awaited; beyond this the oldest go, the replay holds them. */
const MOST_HELD = 2000

export class OutputSequence {
  private last = 0
  private held: Held[] | null = null

  /** The last sequence number on the screen; 0 before any output. */
  get position(): number {
    return this.last
  }

  /** Something is missing on the screen, and what follows is held back until a replay brings it. */
  get waiting(): boolean {
    return this.held !== null
  }

  /** The server was asked for a replay: hold back what arrives until it is here. */
  beginReplay() {
    this.held ??= []
  }

  /** No replay will come: write what was held back, with a gap rather than not at all. */
  cancelReplay(): ScreenUpdate {
    const held = this.held ?? []
    this.held = null
    const writes: string[] = []
    for (const { seq, data } of held) {
      if (seq <= this.last) continue
      this.last = seq
      writes.push(data)
    }
    return { reset: false, writes }
  }

  /** The replay, holding everything up to and including `seq`. */
  finishReplay(replay: string, seq: number): ScreenUpdate {
    // The screen already shows all of it: leave it as it is, with its selection and scroll position.
    const reset = seq !== this.last || this.last === 0
    if (reset) this.last = seq
    const held = this.held ?? []
    this.held = null
    const after = held.flatMap((output) => this.accept(output.seq, output.data) ?? [])
    return { reset, writes: reset && replay !== '' ? [replay, ...after] : after }
  }

  /** An output as it arrives; gives what to write now. After a gap the class is {@link waiting}. */
  accept(seq: number, data: string): string | null {
    if (this.held) {
      this.held.push({ seq, data })
      if (this.held.length > MOST_HELD) this.held.shift()
      return null
    }
    if (seq <= this.last) return null
    if (seq > this.last + 1) {
      this.held = [{ seq, data }]
      return null
    }
    this.last = seq
    return data
  }

  /** An empty screen: a new shell, or a new place for an old one. */
  restart() {
    this.last = 0
    this.held = null
  }
}
