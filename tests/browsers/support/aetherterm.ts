/** The real `aetherterm`, as far from the browser as the test wants it. */
import { type Server, startServer } from '../../e2e/support/server'

import { type Link, linkTo } from './link'
import { complained, terminalPage } from './pages'
import { type Tab, shown } from './tab'
import { expect, test as base } from './test'

export { expect }

export interface Aetherterm extends Server {
  link: Link
}

export const test = base.extend<{ server: Aetherterm }, { webDir: string }>({
  webDir: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => use(terminalPage()),
    { scope: 'worker' },
  ],
  server: async ({ webDir }, use, info) => {
    const server = await startServer({ AETHERTERM_WEB_DIR: webDir })
    const link = await linkTo(server.origin)
    await use({ ...server, link })
    await link.close()
    await server.stop()
    if (info.status !== info.expectedStatus) await info.attach('server log', { body: server.log(), contentType: 'text/plain' })
  },
})

/** Opens the page with the token and waits for a shell's prompt. */
export async function openTerminal(tab: Tab, server: Aetherterm): Promise<void> {
  await tab.goto(`${server.link.origin}/?token=${server.token}`)
  await expect.poll(() => screen(tab)).toMatch(/[$#]/)
}

/** The text of the terminal that is in front. */
export const screen = (tab: Tab): Promise<string> => shown(tab, '[data-testid=terminal-screen] .xterm-rows')

/** Types a line and presses Enter. */
export async function typeLine(tab: Tab, line: string): Promise<void> {
  await tab.click('[data-testid=terminal-screen]')
  await tab.type(line)
  await tab.enter()
}

/** Nothing is on the page's console that a person would worry about. */
export async function noComplaints(tab: Tab): Promise<void> {
  expect(await complained(tab)).toEqual([])
}
