/** The README's two listings, taken from it as they stand: the page is built, the server runs, their spans join. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

import { build } from 'vite'
import vue from '@vitejs/plugin-vue'

import { expect, test } from '@playwright/test'

import { type Span, spansOf } from '../support/traces'

const ROOT = resolve(import.meta.dirname, '../../..')
const APP = resolve(ROOT, 'artifacts/readme-app')
const EXAMPLE = process.env.AETHER_README_SERVER ?? resolve(ROOT, 'target/debug/examples/server')

const INDEX = `<!doctype html><title>shop</title><div id="app"></div><script type="module" src="/src/main.ts"></script>`
const PAGE = `<script setup lang="ts">
import type { Socket } from 'socket.io-client'
import { inject, ref } from 'vue'
const socket = inject<Socket>('socket')
const answer = ref('')
const order = async () => { answer.value = await socket?.emitWithAck('order', 'a book') }
</script>
<template><button @click="order">Order</button><output>{{ answer }}</output></template>`

test('the listings of the README work as printed', async ({ page }) => {
  const listing = /`src\/main\.ts`:\s+```ts\n([\s\S]*?)```/.exec(readFileSync(resolve(ROOT, 'README.md'), 'utf8'))?.[1]
  expect(listing).toBeTruthy()
  rmSync(APP, { recursive: true, force: true })
  mkdirSync(resolve(APP, 'src'), { recursive: true })
  writeFileSync(resolve(APP, 'index.html'), INDEX)
  writeFileSync(resolve(APP, 'src/main.ts'), listing ?? '')
  writeFileSync(resolve(APP, 'src/App.vue'), PAGE)
  await build({ root: APP, configFile: false, logLevel: 'error', plugins: [vue()] })

  const server = spawn(EXAMPLE, { cwd: APP, env: { PATH: process.env.PATH, LISTEN: '127.0.0.1:0' }, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string]
    const origin = line.replace('listening on ', '')
    await page.goto(origin)
    await page.getByRole('button', { name: 'Order' }).click()
    await expect(page.locator('output')).toHaveText('thanks')

    let joined: Span[] = []
    await expect
      .poll(async () => {
        const body = await (await fetch(`${origin}/jaeger/api/traces?limit=100&lookback=1h`)).json()
        const spans: Span[] = body.data.flatMap(spansOf)
        joined = spans.flatMap((handler) => {
          const send = spans.find((span) => span.spanId === handler.parentId && span.service === 'shop-web')
          return handler.name === 'process order' && send ? [send, handler] : []
        })
        return joined.map((span) => `${span.service} ${span.kind} ${span.name}`)
      })
      .toEqual(['shop-web client send order', 'shop server process order'])
  } finally {
    server.kill('SIGINT')
  }
})
