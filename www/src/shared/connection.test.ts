import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useConnection } from './connection'
import { FakeSocket } from './fakeSocket'
import { getJson, RequestError } from './http'

vi.mock('./http', async (original) => ({ ...(await original<typeof import('./http')>()), getJson: vi.fn() }))

let socket: FakeSocket

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  socket = new FakeSocket()
  vi.mocked(getJson).mockReset().mockResolvedValue({})
  useConnection().use(socket.asSocket())
})
afterEach(() => vi.useRealTimers())

describe('useConnection', () => {
  it('connects and names the transport', () => {
    expect(socket.attempts).toBe(1)
    socket.accepts()
    expect(useConnection()).toMatchObject({ state: 'connected', transport: 'websocket', problem: null })
  })
  it('says what broke and that it tries again', () => {
    socket.accepts()
    socket.breaks('ping timeout')
    expect(useConnection().state).toBe('lost')
    expect(useConnection().problem?.message).toBe('The server has stopped answering.')
    socket.says('connect_error', new Error('websocket error'))
    expect(useConnection().attempts).toBe(1)
    socket.accepts()
    expect(useConnection()).toMatchObject({ state: 'connected', problem: null, attempts: 0 })
  })
  it('comes back by itself when the server hung up', async () => {
    socket.accepts()
    socket.active = false
    socket.breaks('io server disconnect')
    await vi.advanceTimersByTimeAsync(3000)
    expect(socket.attempts).toBe(2)
  })
  it('stops and explains when the token is missing', async () => {
    vi.mocked(getJson).mockRejectedValue(new RequestError('The server does not know this browser.', 'Open the address with the token.', 401))
    socket.says('connect_error', new Error('websocket error'))
    await vi.advanceTimersByTimeAsync(0)
    expect(useConnection()).toMatchObject({ state: 'refused', problem: { remedy: 'Open the address with the token.' } })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(socket.attempts).toBe(1)
    useConnection().retry()
    expect(socket.attempts).toBe(2)
  })
})
