/** Pages to be opened, each with `listen.js` in front of its own scripts. */
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

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
