/** A browser for each worker, and a fresh tab for each test. */
import { test as base } from '@playwright/test'

import * as bidi from './bidi'
import type { Named } from './installed'
import type { Browser, Tab } from './tab'
import * as webkit from './webkit'

export { expect } from '@playwright/test'

export const test = base.extend<{ tab: Tab }, { browserNamed: Named; running: Browser }>({
  browserNamed: [{ name: 'chromium', program: '', driver: '' }, { option: true, scope: 'worker' }],
  running: [
    async ({ browserNamed }, use) => {
      const running = await (browserNamed.name === 'webkit' ? webkit : bidi).launch(browserNamed)
      console.log(`${browserNamed.name}: ${running.version}`)
      await use(running)
      await running.close()
    },
    { scope: 'worker' },
  ],
  tab: async ({ running }, use) => {
    await use(await running.fresh())
  },
})
