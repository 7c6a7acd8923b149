import { defineConfig } from '@playwright/test'

import { type Named, named } from './support/installed'

// The same tests in every browser that is there. Playwright only runs them: Debian's Firefox and WebKit are not its own, so
// each is driven through the protocol that it speaks by itself.
export default defineConfig<object, { browserNamed: Named }>({
  testDir: './specs',
  outputDir: '../../artifacts/browsers',
  fullyParallel: false,
  // Two cores, and each worker keeps a browser open.
  workers: 1,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  projects: named().map((browser) => ({ name: browser.name, use: { browserNamed: browser } })),
})
