/**
 * The open terminals and their conversation with the server. Screens (xterm.js) bind themselves to a terminal by its
 * key; everything that has to outlive a screen or a connection is here.
 */
import { defineStore } from 'pinia'
import { computed, reactive, ref, watch } from 'vue'
import { useConnection, type Problem } from '../shared/connection'
import { asSentences } from '../shared/sentences'
import { inChunks } from './input'
import { recall, remember } from './memory'
import { readAttach, readClosed, readCreated, readError, readList, readOutput, type ErrorMessage } from './protocol'
import { OutputSequence, type ScreenUpdate } from './sequence'

/** Milliseconds to wait for the server's answer. */
const ANSWER_MS = 10_000

/** The server is told what has been drawn each time this many characters have been; it allows 512 KiB on the way. */
const ACKNOWLEDGE_EVERY = 128 * 1024

const NOT_REATTACHED = 'The terminal could not be reattached.'

export interface Terminal {
  readonly key: string
  terminalId: string | null
  /** Given by the person; empty for the shell's own title. */
  name: string
  title: string
  /** `waiting`: for the connection, the size of the screen or a shell started before it. */
  state: 'waiting' | 'starting' | 'running' | 'exited' | 'failed'
  exitCode: number | null
  problem: Problem | null
  cols: number
  rows: number
  /** Output arrived while another terminal was on show. */
  unread: boolean
}

/** Where output goes. */
export interface Screen {
  /** Calls `drawn` once the text is on the screen. */
  write(data: string, drawn?: () => void): void
  reset(): void
}

interface Runtime {
  sequence: OutputSequence
  screen: Screen | null
  /** Must be attached to before output can be trusted to be complete. */
  detached: boolean
  sent: { cols: number; rows: number } | null
  /** Characters drawn since the server was last told. */
  drawn: number
}

export const useTerminals = defineStore('terminals', () => {
  const connection = useConnection()
  const list = ref<Terminal[]>([])
  const activeKey = ref('')
  const active = computed(() => list.value.find((terminal) => terminal.key === activeKey.value) ?? null)
  const runtimes = new Map<string, Runtime>()
  let serial = 0
  let creating: { key: string; timer: ReturnType<typeof setTimeout> } | null = null
  let restored = false

  /** Joins the store to the socket, once the terminal view is there. */
  function start() {
    const { socket } = connection
    if (!socket || socket.hasListeners('terminal:output')) return
    socket.on('terminal:created', onCreated)
    socket.on('terminal:output', onOutput)
    socket.on('terminal:closed', onClosed)
    socket.on('terminal:error', onError)
    socket.on('disconnect', onDisconnect)
    socket.on('connect', () => void onConnect())
    if (socket.connected) void onConnect()
  }

  // What the person does.

  function open(from: Partial<Terminal> = {}): Terminal {
    serial += 1
    const terminal = reactive<Terminal>({
      key: `t${serial}`, terminalId: null, name: '', title: 'Terminal', state: 'waiting', exitCode: null, problem: null,
      cols: 0, rows: 0, unread: false, ...from,
    })
    runtimes.set(terminal.key, { sequence: new OutputSequence(), screen: null, detached: terminal.terminalId !== null, sent: null, drawn: 0 })
    list.value.push(terminal)
    activate(terminal.key)
    return terminal
  }

  function close(key: string) {
    const index = list.value.findIndex((terminal) => terminal.key === key)
    if (index < 0) return
    const [terminal] = list.value.splice(index, 1)
    runtimes.delete(key)
    if (terminal.terminalId && terminal.state === 'running') connection.socket?.emit('terminal:close', { terminalId: terminal.terminalId })
    if (activeKey.value === key) activate((list.value[index] ?? list.value[index - 1])?.key ?? '')
  }

  function activate(key: string) {
    activeKey.value = key
    if (active.value) active.value.unread = false
  }

  function step(by: 1 | -1) {
    const { length } = list.value
    const at = list.value.findIndex((terminal) => terminal.key === activeKey.value)
    if (length > 0) activate(list.value[(at + by + length) % length].key)
  }

  function rename(key: string, name: string) {
    const terminal = find(key)
    if (terminal) terminal.name = name.trim().slice(0, 60)
  }

  /** The title the shell itself set. */
  function retitle(key: string, title: string) {
    const terminal = find(key)
    if (terminal) terminal.title = title.slice(0, 120)
  }

  function dismiss(key: string) {
    const terminal = find(key)
    if (terminal) terminal.problem = null
  }

  /** A new shell in the place of one that ended or never started. */
  function restart(key: string) {
    const terminal = find(key)
    const runtime = runtimes.get(key)
    if (!terminal || !runtime || (terminal.state !== 'exited' && terminal.state !== 'failed')) return
    runtime.sequence.restart()
    runtime.sent = null
    runtime.detached = false
    Object.assign(terminal, { terminalId: null, state: 'waiting', exitCode: null, problem: null })
    proceed()
  }

  /** Keys or pasted text. Refused while not connected: nothing typed blindly may run later. */
  function input(key: string, data: string): boolean {
    const terminal = find(key)
    if (!terminal?.terminalId || terminal.state !== 'running' || !connection.connected) return false
    for (const chunk of inChunks(data)) connection.socket?.emit('terminal:input', { terminalId: terminal.terminalId, data: chunk })
    return true
  }

  // What the screens do.

  function bind(key: string, screen: Screen) {
    const runtime = runtimes.get(key)
    if (runtime) {
      runtime.screen = screen
      runtime.sequence.restart()
    }
    proceed()
  }

  function unbind(key: string) {
    const runtime = runtimes.get(key)
    if (runtime) Object.assign(runtime, { screen: null, detached: true })
  }

  function resize(key: string, cols: number, rows: number) {
    const terminal = find(key)
    if (!terminal || cols < 1 || rows < 1) return
    Object.assign(terminal, { cols, rows })
    sendSize(terminal)
    proceed()
  }

  function sendSize(terminal: Terminal) {
    const runtime = runtimes.get(terminal.key)
    if (!runtime || !terminal.terminalId || terminal.state !== 'running' || !connection.connected || runtime.detached) return
    const { terminalId, cols, rows } = terminal
    if (cols === 0 || (runtime.sent?.cols === cols && runtime.sent.rows === rows)) return
    runtime.sent = { cols, rows }
    connection.socket?.emit('terminal:resize', { terminalId, cols, rows })
  }

  // What the connection does.

  async function onConnect() {
    if (!restored) await restore()
    proceed()
  }

  /** Shells that this tab had open before a reload, and running ones that nobody looks at. */
  async function restore() {
    let running: ReturnType<typeof readList> = []
    try {
      running = readList(await connection.socket?.timeout(ANSWER_MS).emitWithAck('session:list', {}))
    } catch {
      if (!connection.connected) return // Lost again meanwhile; the next connection asks again.
    }
    if (restored) return
    restored = true
    const names = new Map(recall().map(({ terminalId, name }) => [terminalId, name]))
    for (const { terminalId, title, attached, alive } of running) {
      if (!alive || (attached > 0 && !names.has(terminalId))) continue
      open({ terminalId, title, name: names.get(terminalId) ?? '', state: 'running' })
    }
    if (list.value.length === 0) open()
    else activate(list.value[0].key)
  }

  function onDisconnect() {
    for (const terminal of list.value) {
      const runtime = runtimes.get(terminal.key)
      if (runtime && terminal.state === 'running') Object.assign(runtime, { detached: true, sent: null })
      if (terminal.state === 'starting') terminal.state = 'waiting'
    }
    if (creating) clearTimeout(creating.timer)
    creating = null
  }

  /** Starts or reattaches whatever can be by now. */
  function proceed() {
    if (!connection.connected || !restored) return
    for (const terminal of list.value) {
      const runtime = runtimes.get(terminal.key)
      if (!runtime?.screen) continue
      if (terminal.state === 'running' && runtime.detached) void attach(terminal, runtime)
      else if (terminal.state === 'waiting' && terminal.cols > 0) create(terminal)
    }
  }

  /** One at a time: the answer does not say which request it belongs to. */
  function create(terminal: Terminal) {
    if (creating) return
    terminal.state = 'starting'
    const timer = setTimeout(() => {
      failCreation({ terminalId: null, code: 'timeout', message: 'The server did not start a shell in time.' })
    }, ANSWER_MS)
    creating = { key: terminal.key, timer }
    const { cols, rows } = terminal
    const runtime = runtimes.get(terminal.key)
    if (runtime) runtime.sent = { cols, rows }
    connection.socket?.emit('terminal:create', { cols, rows, flowControl: true })
  }

  async function attach(terminal: Terminal, runtime: Runtime) {
    const { terminalId } = terminal
    runtime.detached = false
    runtime.sequence.beginReplay()
    try {
      const answer = readAttach(await connection.socket?.timeout(ANSWER_MS).emitWithAck('terminal:attach', { terminalId, flowControl: true }))
      if (terminal.terminalId !== terminalId) return
      if (answer.ok) {
        show(terminal, runtime, runtime.sequence.finishReplay(answer.replay, answer.seq))
        if (terminal.problem?.message === NOT_REATTACHED) terminal.problem = null
        sendSize(terminal)
      } else {
        show(terminal, runtime, runtime.sequence.cancelReplay())
        terminal.state = 'exited'
        terminal.problem = { message: 'The shell is gone.', remedy: 'It ended while this page was away, or the server was restarted.' }
      }
    } catch {
      show(terminal, runtime, runtime.sequence.cancelReplay())
      runtime.detached = true
      if (connection.connected) terminal.problem = { message: NOT_REATTACHED, remedy: 'Reload the page to try again; the shell keeps running.' }
    }
  }

  // What the server says.

  function onCreated(value: unknown) {
    const created = readCreated(value)
    if (!created) return
    const terminal = creating ? find(creating.key) : undefined
    finishCreation()
    if (terminal) {
      Object.assign(terminal, { terminalId: created.terminalId, title: created.title, state: 'running', problem: null })
      sendSize(terminal)
    } else {
      // Closed before it had started, or long given up: nobody would ever see it.
      connection.socket?.emit('terminal:close', { terminalId: created.terminalId })
    }
    proceed()
  }

  function onOutput(value: unknown) {
    const output = readOutput(value)
    const terminal = output && findById(output.terminalId)
    if (!terminal) return
    const runtime = runtimes.get(terminal.key)
    // Without a screen nothing can be shown: the replay brings it when there is one.
    if (!runtime?.screen) return
    const awaited = runtime.sequence.waiting
    const data = runtime.sequence.accept(output.seq, output.data)
    if (data === null) {
      // This page was too slow for the others that watch the shell, and was left behind.
      if (!awaited && runtime.sequence.waiting) void attach(terminal, runtime)
      return
    }
    write(terminal, runtime, data)
    if (terminal.key !== activeKey.value) terminal.unread = true
  }

  function onClosed(value: unknown) {
    const closed = readClosed(value)
    const terminal = closed && findById(closed.terminalId)
    if (!terminal) return
    // Only what the shell itself ended with says something about it.
    Object.assign(terminal, { state: 'exited', exitCode: closed.reason === 'exit' ? closed.exitCode : null })
    if (closed.reason === 'shutdown') terminal.problem = { message: 'The server is shutting down.', remedy: 'Start it again to go on.' }
  }

  function onError(value: unknown) {
    const error = readError(value)
    const terminal = (error.terminalId === null ? null : findById(error.terminalId)) ?? null
    if (terminal) terminal.problem = asProblem(error)
    else if (creating && error.terminalId === null) failCreation(error)
    else if (active.value) active.value.problem = asProblem(error)
  }

  function failCreation(error: ErrorMessage) {
    const terminal = creating ? find(creating.key) : undefined
    finishCreation()
    if (terminal) Object.assign(terminal, { state: 'failed', problem: asProblem(error) })
    proceed()
  }

  function finishCreation() {
    if (creating) clearTimeout(creating.timer)
    creating = null
  }

  function asProblem({ code, message }: ErrorMessage): Problem {
    return code === 'timeout' ? { message, remedy: 'Check the server log, then try again.' } : asSentences(message)
  }

  function show(terminal: Terminal, runtime: Runtime, update: ScreenUpdate) {
    if (update.reset) runtime.screen?.reset()
    for (const data of update.writes) write(terminal, runtime, data)
    if (runtime.sequence.waiting && connection.connected) void attach(terminal, runtime)
  }

  function write(terminal: Terminal, runtime: Runtime, data: string) {
    const seq = runtime.sequence.position
    runtime.screen?.write(data, () => {
      runtime.drawn += data.length
      if (runtime.drawn < ACKNOWLEDGE_EVERY || !connection.connected || terminal.state !== 'running') return
      runtime.drawn = 0
      connection.socket?.emit('terminal:ack', { terminalId: terminal.terminalId, seq })
    })
  }

  function find(key: string) {
    return list.value.find((terminal) => terminal.key === key)
  }

  function findById(terminalId: string) {
    return list.value.find((terminal) => terminal.terminalId === terminalId)
  }

  watch(
    () => list.value.flatMap(({ terminalId, name, state }) => (terminalId && state === 'running' ? [{ terminalId, name }] : [])),
    (open) => {
      if (restored) remember(open)
    },
  )

  return { list, active, activeKey, start, open, close, activate, step, rename, retitle, dismiss, restart, input, bind, unbind, resize }
})
