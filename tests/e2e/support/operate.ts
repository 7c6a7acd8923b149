/** What an operator does: opens the page of telemetry, and puts a destination into the file by the API. */
import { type Page, expect } from '@playwright/test'

import type { Server } from './server'

/** Opens a view of telemetry with the token. */
export async function openTelemetry(page: Page, server: Server, path = '/telemetry'): Promise<void> {
  await page.goto(server.url)
  await page.goto(server.origin + path)
}

/** Adds a destination with short retries, or changes it; `more` are further keys. */
export async function putDestination(server: Server, name: string, endpoint: string, more: object = {}): Promise<void> {
  const body = JSON.stringify({ name, endpoint, retry: { initial_ms: 50, max_ms: 100 }, ...more })
  const headers = { 'content-type': 'application/json', 'if-match': '*' }
  const response = await server.api(`/api/telemetry/destinations/${name}`, { method: 'PUT', headers, body })
  expect(response.status, await response.text()).toBe(200)
}
