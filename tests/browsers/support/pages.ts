/** Pages to be opened, each with `listen.js` in front of its own scripts. */
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { expect } from '@playwright/test'

import type { CollectingServer } from '../../e2e/support/collecting'
import type { Tab } from './tab'

const ROOT = resolve(import.meta.dirname, '../../..')
const SCRIPT = '<script src="/listen.js"></script>'

/** A folder with AetherTerm's page. */
export function terminalPage(): string {
  const folder = resolve(ROOT, 'artifacts/browsers-terminal')
  rmSync(folder, { recursive: true, force: true })
  cpSync(resolve(ROOT, 'www/dist'), folder, { recursive: true })
  return overheard(folder)
}

/** Has everything in `folder/index.html` listened to; returns the folder. */
export function overheard(folder: string): string {
  const index = resolve(folder, 'index.html')
  const html = readFileSync(index, 'utf8')
  const at = html.search(/<script|<link/)
  if (at < 0) throw new Error(`${index} has no script`)
  writeFileSync(index, html.slice(0, at) + SCRIPT + html.slice(at))
  copyFileSync(resolve(import.meta.dirname, 'listen.js'), resolve(folder, 'listen.js'))
  return folder
}

declare const complaints: string[] | undefined

/** What the page has written to its console as warning or error, and what went wrong without that. */
export const complained = (tab: Tab): Promise<string[]> => tab.evaluate(() => complaints ?? ['listen.js was not loaded'])

/**
 * Closes a tab whose page tells `/api/left` that it is left: WebKitGTK lets a page in its cache keep the database
 * (docs/browser.md), and browsers do not wait for one that is being left when they close its tab.
 */
export async function closeLeft(tab: Tab, { seen }: CollectingServer): Promise<void> {
  await expect.poll(() => seen.some(({ path }) => path === '/api/left')).toBe(true)
  await tab.close()
}
