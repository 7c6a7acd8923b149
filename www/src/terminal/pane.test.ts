// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useConnection } from '../shared/connection'
import { FakeSocket } from '../shared/fakeSocket'
import { RequestError } from '../shared/http'
import TerminalPane from './TerminalPane.vue'
import { useTerminals } from './terminals'

// The screen itself needs a browser that draws.
vi.mock('@xterm/xterm', () => {
  const nothing = () => undefined
  return { Terminal: class { options = {}; cols = 80; rows = 24; write = nothing; reset = nothing; focus = nothing; open = nothing
    dispose = nothing; loadAddon = nothing; attachCustomKeyEventHandler = nothing; onData = nothing; onTitleChange = nothing } }
})
vi.mock('@xterm/addon-fit', () => ({ FitAddon: class { fit = () => undefined } }))
vi.mock('../shared/http', async (original) => ({
  ...(await original<typeof import('../shared/http')>()),
  getJson: () => Promise.reject(new RequestError('The server does not know this browser.', 'Open the address that aetherterm printed.', 401)),
}))

let wrapper: ReturnType<typeof mount>
beforeEach(() => setActivePinia(createPinia()))
afterEach(() => wrapper.unmount())

describe('TerminalPane', () => {
  it('says what keeps the page out even where the shell has ended, and offers to start one once it is in again', async () => {
    const connection = useConnection()
    const socket = new FakeSocket()
    connection.use(socket.asSocket())
    socket.accepts()
    const terminals = useTerminals()
    const terminal = terminals.open({ terminalId: 'a', title: 'bash', state: 'running' })
    wrapper = mount(TerminalPane, { props: { terminal, shown: true } })
    // The server is stopped in order, and comes back with another token.
    terminal.state = 'exited'
    socket.breaks()
    socket.says('connect_error', new Error('xhr poll error'))
    await flushPromises()
    expect(wrapper.get('[data-testid="connection-problem"]').text()).toContain('Open the address that aetherterm printed.')
    socket.accepts()
    await flushPromises()
    expect(wrapper.find('[data-testid="connection-problem"]').exists()).toBe(false)
    expect(wrapper.get('[data-testid="terminal-exited"]').text()).toContain('The shell has ended')
  })
})
