import { defineConfig } from '@playwright/test'

import e2e from '../e2e/playwright.config'

// The package as it is published, in applications that are made for it and know nothing else of this repository.
export default defineConfig({
  testDir: './specs',
  outputDir: '../../artifacts/packaging',
  fullyParallel: false,
  workers: 1,
  retries: 0,
  // Installing an application takes some seconds, more where nothing is in npm's cache yet.
  timeout: 180_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: e2e.use,
})
