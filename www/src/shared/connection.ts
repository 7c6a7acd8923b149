/** The page's one Socket.IO connection and what a person should know about it. */
import { defineStore } from 'pinia'
import type { Socket } from 'socket.io-client'
import { computed, ref, shallowRef } from 'vue'
import { getJson, RequestError } from './http'

export type ConnectionState = 'connecting' | 'connected' | 'lost' | 'refused'

export interface Problem {
  message: string
  remedy: string
}

/** How long after a refusal by the server itself the next attempt is made, milliseconds. */
const AFTER_REFUSAL_MS = 3000

const REASONS: Record<string, string> = {
  'io server disconnect': 'The server closed the connection.',
  'ping timeout': 'The server has stopped answering.',
  'transport close': 'The connection broke.',
  'transport error': 'The connection failed.',
}

export const useConnection = defineStore('connection', () => {
  const state = ref<ConnectionState>('connecting')
  const problem = shallowRef<Problem | null>(null)
  /** Attempts since the connection was lost. */
  const attempts = ref(0)
  const transport = ref('')
  const socket = shallowRef<Socket | null>(null)
  let again: ReturnType<typeof setTimeout> | undefined

  const connected = computed(() => state.value === 'connected')

  /** Follows `link` and opens it. To be called once. */
  function use(link: Socket) {
    socket.value = link
    link.on('connect', () => {
      state.value = 'connected'
      problem.value = null
      attempts.value = 0
      const { engine } = link.io
      transport.value = engine.transport.name
      engine.on('upgrade', (upgraded) => (transport.value = upgraded.name))
    })
    link.on('disconnect', (reason) => {
      if (reason === 'io client disconnect') return
      lose({ message: REASONS[reason] ?? 'The connection was lost.', remedy: 'Trying again by itself. Shells keep running for ten minutes.' })
      if (!link.active) retryLater()
    })
    link.on('connect_error', (error) => {
      attempts.value += 1
      lose({ message: 'The server cannot be reached.', remedy: 'Trying again by itself. Check that aetherterm is running.' })
      if (!link.active) {
        problem.value = { message: `The server refused the connection: ${error.message}`, remedy: 'Trying again in a moment.' }
        retryLater()
      }
      void diagnose()
    })
    link.connect()
  }

  /** A WebSocket does not say why it was refused; an ordinary request does. */
  async function diagnose() {
    try {
      await getJson('/api/health', { timeoutMs: 4000 })
    } catch (cause) {
      if (state.value === 'connected' || !(cause instanceof RequestError)) return
      if (cause.status !== 401 && cause.status !== 403) return
      state.value = 'refused'
      problem.value = { message: cause.message, remedy: cause.remedy }
      // Asking again with the same cookie would only fill the server's log.
      clearTimeout(again)
      socket.value?.disconnect()
    }
  }

  function lose(why: Problem) {
    state.value = 'lost'
    problem.value = why
    transport.value = ''
  }

  function retryLater() {
    clearTimeout(again)
    again = setTimeout(retry, AFTER_REFUSAL_MS)
  }

  /** Tries to connect now. */
  function retry() {
    clearTimeout(again)
    if (state.value === 'connected' || !socket.value) return
    state.value = 'connecting'
    socket.value.disconnect()
    socket.value.connect()
  }

  return { state, problem, attempts, transport, connected, socket, use, retry }
})
