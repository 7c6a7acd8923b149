import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// `npm run dev` shows the page from Vite and takes everything else from a running `aetherterm`.
const server = process.env.AETHERTERM_URL ?? 'http://127.0.0.1:57575'
const proxied = ['/api', '/v1', '/jaeger', '/metrics', '/socket.io']

export default defineConfig({
  plugins: [vue()],
  build: {
    target: 'es2022',
    // The page is served under a policy without `data:` scripts or modules; only real files are emitted.
    assetsInlineLimit: 0,
  },
  server: {
    proxy: Object.fromEntries(proxied.map((path) => [path, { target: server, ws: path === '/socket.io' }])),
  },
  test: {
    // Tests of components ask for happy-dom in their first line.
    environment: 'node',
    // Mounting whole views takes seconds where many things are built beside it.
    testTimeout: 20_000,
    include: ['src/**/*.test.ts'],
  },
})
