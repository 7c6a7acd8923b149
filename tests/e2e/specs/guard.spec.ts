/** Nobody but the holder of the token, on the page's own origin, reaches the shell. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect, test } from '../support/test'

const POLLING = '/socket.io/?EIO=4&transport=polling'

test('nothing answers without the token', async ({ server }) => {
  for (const path of ['/', '/api/health', '/jaeger/api/services', '/v1/config', POLLING, '/traces']) {
    expect((await fetch(server.origin + path)).status, path).toBe(401)
    const wrong = await fetch(server.origin + path, { headers: { Authorization: 'Bearer wrong' } })
    expect(wrong.status, path).toBe(401)
  }
  const spans = await fetch(`${server.origin}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  expect(spans.status).toBe(401)
  expect(server.log()).not.toContain(server.token)
})

test('the right token with a foreign origin is refused', async ({ server }) => {
  for (const path of ['/api/health', '/v1/config', POLLING]) {
    const response = await server.api(path, { headers: { Origin: 'http://evil.example' } })
    expect(response.status, path).toBe(403)
  }
  expect((await server.api('/api/health')).status).toBe(200)
})

test('the token leaves the address bar and becomes a cookie that scripts cannot read', async ({ server, page }) => {
  await page.goto(server.url)
  expect(new URL(page.url()).search).toBe('')
  const [cookie] = await page.context().cookies(server.origin)
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' })
  expect(await page.evaluate(() => document.cookie)).toBe('')
  expect(await page.evaluate(() => fetch('/api/health').then((r) => r.status))).toBe(200)
})

test('a page on another origin gets nothing through a signed-in visitor', async ({ server, page }) => {
  await page.goto(server.url)
  const evil = createServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>elsewhere</title>')
  })
  await new Promise<void>((listening) => evil.listen(0, '127.0.0.1', listening))
  try {
    const { port } = evil.address() as AddressInfo
    // `localhost` is another site than `127.0.0.1`; another port is another origin of the same site.
    for (const host of ['localhost', '127.0.0.1']) {
      await page.goto(`http://${host}:${port}/`)
      const seen = await page.evaluate(async (origin) => {
        const ask = (path: string, init: RequestInit) =>
          fetch(origin + path, { credentials: 'include', ...init }).then(
            (response) => `${response.type} ${response.status}`,
            () => 'blocked',
          )
        const socket = await new Promise<string>((done) => {
          const ws = new WebSocket(`${origin.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
          ws.onopen = () => done('open')
          ws.onerror = () => done('refused')
        })
        return {
          api: await ask('/api/health', {}),
          polling: await ask('/socket.io/?EIO=4&transport=polling', {}),
          post: await ask('/v1/traces', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
          socket,
        }
      }, server.origin)
      expect(seen, host).toEqual({ api: 'blocked', polling: 'blocked', post: 'blocked', socket: 'refused' })
    }
  } finally {
    evil.close()
  }
  expect(server.log()).toMatch(/refused|rejected|denied/i)
})
