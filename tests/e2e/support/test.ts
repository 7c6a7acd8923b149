/** Playwright's `test` with a server of its own, and a page that fails on any error it logs. */
import { test as base } from '@playwright/test'

import { type Server, startServer } from './server'

export { expect } from '@playwright/test'

export const test = base.extend<{ serverEnv: Record<string, string>; server: Server }>({
  serverEnv: [{}, { option: true }],
  server: async ({ serverEnv }, use, info) => {
    const server = await startServer(serverEnv)
    await use(server)
    await server.stop()
    if (info.status !== info.expectedStatus) {
      await info.attach('server log', { body: server.log(), contentType: 'text/plain' })
    }
  },
})
