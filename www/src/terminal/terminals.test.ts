// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useConnection } from '../shared/connection'
import { FakeSocket } from '../shared/fakeSocket'
import { useTerminals } from './terminals'

class FakeScreen {
  text = ''
  write(data: string, drawn?: () => void) {
    this.text += data
    drawn?.()
  }
  reset() {
    this.text = ''
  }
}

let socket: FakeSocket
let screens: Map<string, FakeScreen>

beforeEach(() => {
  sessionStorage.clear()
  setActivePinia(createPinia())
  socket = new FakeSocket()
  socket.answers['session:list'] = () => ({ terminals: [] })
  screens = new Map()
  useConnection().use(socket.asSocket())
})

/** What the view does for each terminal: a screen with a size. */
function show() {
  const terminals = useTerminals()
  for (const { key } of terminals.list) {
    if (screens.has(key)) continue
    screens.set(key, new FakeScreen())
    terminals.bind(key, screens.get(key)!)
    terminals.resize(key, 80, 24)
  }
}

async function begin() {
  const terminals = useTerminals()
  terminals.start()
  socket.accepts()
  await flushPromises()
  show()
  return terminals
}

function created(terminalId: string) {
  socket.says('terminal:created', { terminalId, title: 'bash', cols: 80, rows: 24 })
}

const output = (terminalId: string, seq: number, data: string) => socket.says('terminal:output', { terminalId, seq, data })
const screen = (terminalId: string) => screens.get(useTerminals().list.find((terminal) => terminal.terminalId === terminalId)!.key)!

describe('opening', () => {
  it('starts one shell with the size of its screen', async () => {
    const terminals = await begin()
    expect(socket.payloads('terminal:create')).toEqual([{ cols: 80, rows: 24, flowControl: true }])
    created('a')
    expect(terminals.active).toMatchObject({ terminalId: 'a', title: 'bash', state: 'running' })
    output('a', 1, 'hello')
    expect(screen('a').text).toBe('hello')
  })
  it('asks for one shell at a time and gives each to its tab', async () => {
    const terminals = await begin()
    const second = terminals.open()
    show()
    expect(socket.payloads('terminal:create')).toHaveLength(1)
    created('a')
    expect(socket.payloads('terminal:create')).toHaveLength(2)
    created('b')
    expect(second.terminalId).toBe('b')
  })
  it('shows why a shell did not start, and starts it on request', async () => {
    const terminals = await begin()
    socket.says('terminal:error', { code: 'shell_failed', message: 'cannot start /bin/nope; set AETHERTERM_SHELL' })
    expect(terminals.active).toMatchObject({ state: 'failed', problem: { message: 'Cannot start /bin/nope.', remedy: 'Set AETHERTERM_SHELL.' } })
    terminals.restart(terminals.activeKey)
    created('a')
    expect(terminals.active).toMatchObject({ state: 'running', problem: null })
  })
  it('does not wait for ever', async () => {
    vi.useFakeTimers()
    try {
      const terminals = useTerminals()
      terminals.start()
      socket.accepts()
      await vi.advanceTimersByTimeAsync(0)
      show()
      await vi.advanceTimersByTimeAsync(10_000)
      expect(terminals.active?.state).toBe('failed')
      created('late')
      expect(socket.payloads('terminal:close')).toEqual([{ terminalId: 'late' }])
    } finally {
      vi.useRealTimers()
    }
  })
  it('closes a shell whose tab went before it had started', async () => {
    const terminals = await begin()
    terminals.close(terminals.activeKey)
    created('a')
    expect(socket.payloads('terminal:close')).toEqual([{ terminalId: 'a' }])
  })
})

describe('reconnecting', () => {
  it('reattaches and shows every output once', async () => {
    const terminals = await begin()
    created('a')
    output('a', 1, 'one ')
    output('a', 2, 'two ')
    socket.breaks()
    expect(useConnection().state).toBe('lost')
    expect(terminals.input(terminals.activeKey, 'rm -rf /\r')).toBe(false)
    socket.answers['terminal:attach'] = () => {
      output('a', 4, 'four ') // crosses with the answer
      return { ok: true, terminalId: 'a', title: 'bash', cols: 80, rows: 24, replay: 'one two three ', seq: 3 }
    }
    socket.accepts()
    await flushPromises()
    output('a', 5, 'five')
    expect(screen('a').text).toBe('one two three four five')
    expect(socket.payloads('terminal:input')).toEqual([])
  })
  it('says so when the shell is gone, and offers a new one', async () => {
    const terminals = await begin()
    created('a')
    socket.breaks()
    socket.answers['terminal:attach'] = () => ({ ok: false, error: { code: 'unknown_terminal', message: 'no such terminal' } })
    socket.accepts()
    await flushPromises()
    expect(terminals.active).toMatchObject({ state: 'exited', problem: { message: 'The shell is gone.' } })
    terminals.restart(terminals.activeKey)
    expect(socket.payloads('terminal:create')).toHaveLength(2)
  })
  it('asks again for a shell that was being started', async () => {
    const terminals = await begin()
    socket.breaks()
    socket.accepts()
    await flushPromises()
    expect(socket.payloads('terminal:create')).toHaveLength(2)
    expect(terminals.active?.state).toBe('starting')
  })
  it('fills a gap by attaching again', async () => {
    await begin()
    created('a')
    output('a', 1, 'a')
    socket.answers['terminal:attach'] = () => ({ ok: true, terminalId: 'a', title: 'bash', cols: 80, rows: 24, replay: 'abcd', seq: 4 })
    output('a', 4, 'd')
    await flushPromises()
    expect(screen('a').text).toBe('abcd')
    expect(socket.payloads('terminal:attach')).toEqual([{ terminalId: 'a', flowControl: true }])
  })
})

describe('a page that is opened again', () => {
  it('finds its own shells by name and those nobody watches, but no one else’s', async () => {
    sessionStorage.setItem('aetherterm.terminals', JSON.stringify([{ terminalId: 'mine', name: 'build' }]))
    socket.answers['session:list'] = () => ({
      terminals: [
        { terminalId: 'mine', title: 'bash', attached: 1, alive: true },
        { terminalId: 'lonely', title: 'zsh', attached: 0, alive: true },
        { terminalId: 'theirs', title: 'bash', attached: 2, alive: true },
        { terminalId: 'dead', title: 'bash', attached: 0, alive: false },
      ],
    })
    const terminals = await begin()
    expect(terminals.list.map(({ terminalId, name }) => [terminalId, name])).toEqual([['mine', 'build'], ['lonely', '']])
    expect(socket.payloads('terminal:attach')).toHaveLength(2)
    expect(socket.payloads('terminal:create')).toEqual([])
  })
})

describe('using', () => {
  it('sends keys, sizes and a long paste in pieces', async () => {
    const terminals = await begin()
    created('a')
    terminals.input(terminals.activeKey, 'x')
    terminals.input(terminals.activeKey, 'y'.repeat(20_000))
    expect(socket.payloads('terminal:input')[0]).toEqual({ terminalId: 'a', data: 'x' })
    expect(socket.payloads('terminal:input')).toHaveLength(4)
    terminals.resize(terminals.activeKey, 80, 24) // known already
    terminals.resize(terminals.activeKey, 100, 30)
    expect(socket.payloads('terminal:resize')).toEqual([{ terminalId: 'a', cols: 100, rows: 30 }])
  })
  it('says how far it has drawn, but seldom', async () => {
    await begin()
    created('a')
    for (let seq = 1; seq <= 20; seq += 1) output('a', seq, 'z'.repeat(16 * 1024))
    expect(socket.payloads('terminal:ack')).toEqual([{ terminalId: 'a', seq: 8 }, { terminalId: 'a', seq: 16 }])
  })
  it('marks output in the background and moves between terminals', async () => {
    const terminals = await begin()
    created('a')
    terminals.open()
    show()
    created('b')
    output('a', 1, 'news')
    expect(terminals.list.map(({ unread }) => unread)).toEqual([true, false])
    terminals.step(1)
    expect([terminals.active?.terminalId, terminals.active?.unread]).toEqual(['a', false])
    terminals.step(-1)
    expect(terminals.active?.terminalId).toBe('b')
  })
  it('keeps the exit code, and closes without asking the server', async () => {
    const terminals = await begin()
    created('a')
    socket.says('terminal:closed', { terminalId: 'a', reason: 'exit', exitCode: 3 })
    expect(terminals.active).toMatchObject({ state: 'exited', exitCode: 3 })
    terminals.close(terminals.activeKey)
    expect(socket.payloads('terminal:close')).toEqual([]) // nothing left to close
  })
  it('shows an error at the terminal it is about', async () => {
    const terminals = await begin()
    created('a')
    socket.says('terminal:error', { terminalId: 'a', code: 'input_full', message: 'the program does not read' })
    expect(terminals.active).toMatchObject({ state: 'running', problem: { message: 'The program does not read.' } })
    terminals.dismiss(terminals.activeKey)
    expect(terminals.active?.problem).toBeNull()
  })
  it('takes any message', async () => {
    await begin()
    created('a')
    for (const event of ['terminal:created', 'terminal:output', 'terminal:closed', 'terminal:error']) {
      for (const odd of [undefined, null, 7, 'x', [], {}, { terminalId: 5, seq: 'x' }]) expect(() => socket.says(event, odd)).not.toThrow()
    }
  })
})
