/** A Socket.IO client for tests: what was emitted can be read, what the server says can be said. */
import type { Socket } from 'socket.io-client'

type Listener = (...args: unknown[]) => void

class Emitter {
  private readonly listeners = new Map<string, Listener[]>()
  on(event: string, listener: Listener) {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener])
    return this
  }
  hasListeners(event: string) {
    return this.listeners.has(event)
  }
  says(event: string, ...args: unknown[]) {
    for (const listener of this.listeners.get(event) ?? []) listener(...args)
  }
}

export class FakeSocket extends Emitter {
  connected = false
  active = true
  readonly io = Object.assign(new Emitter(), { engine: Object.assign(new Emitter(), { transport: { name: 'websocket' } }) })
  readonly sent: [string, unknown][] = []
  /** Answers of the server by event; without one it never answers. */
  readonly answers: Record<string, (payload: never) => unknown> = {}
  attempts = 0

  emit(event: string, payload?: unknown) {
    this.sent.push([event, payload])
    return this
  }
  timeout() {
    return {
      emitWithAck: async (event: string, payload: unknown) => {
        this.sent.push([event, payload])
        const answer = this.answers[event]
        if (!answer) throw new Error('operation has timed out')
        return answer(payload as never)
      },
    }
  }
  connect() {
    this.attempts += 1
    return this
  }
  disconnect() {
    this.connected = false
    return this
  }

  /** The server accepts the connection. */
  accepts() {
    this.connected = true
    this.says('connect')
  }
  breaks(reason = 'transport close') {
    this.connected = false
    this.says('disconnect', reason)
  }
  /** Payloads emitted as `event`. */
  payloads(event: string): unknown[] {
    return this.sent.filter(([name]) => name === event).map(([, payload]) => payload)
  }
  asSocket(): Socket {
    return this as unknown as Socket
  }
}
