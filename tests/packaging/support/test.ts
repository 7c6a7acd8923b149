/** The package is packed once for all tests; shops close when a test is over, however it ends. */
import { test as base } from '@playwright/test'

import { type Packed, pack } from './packed'
import { type Shop, openShop } from './shop'

export { expect } from '@playwright/test'

export const test = base.extend<{ openShop: (folder: string) => Promise<Shop> }, { packed: Packed }>({
  packed: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const packed = await pack()
      await use(packed)
      packed.remove()
    },
    { scope: 'worker' },
  ],
  // eslint-disable-next-line no-empty-pattern
  openShop: async ({}, use) => {
    const shops: Shop[] = []
    await use(async (folder) => {
      const shop = await openShop(folder)
      shops.push(shop)
      return shop
    })
    for (const shop of shops) await shop.close()
  },
})
