/** What a person does in AetherTerm's page. */
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'

import { expect, type Locator, type Page } from '@playwright/test'

import type { Server } from './server'

const SHOTS = resolve(import.meta.dirname, '../../../artifacts/screenshots')

/** Opens the page with the token and waits for a shell's prompt. */
export async function openTerminal(page: Page, server: Server): Promise<void> {
  await page.goto(server.url)
  await expect(screen(page)).toContainText(/[$#]/)
}

/** The text of the terminal that is in front. */
export function screen(page: Page): Locator {
  return page.getByTestId('terminal-screen').filter({ visible: true }).locator('.xterm-rows')
}

/** Types a line at a person's speed and presses Enter. */
export async function typeLine(page: Page, line: string): Promise<void> {
  await page.getByTestId('terminal-screen').filter({ visible: true }).click()
  await page.keyboard.type(line, { delay: 60 })
  await page.keyboard.press('Enter')
}

/** Keeps a picture of the page among the test artefacts. */
export async function shot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true })
  await page.screenshot({ path: resolve(SHOTS, `${name}.png`) })
}

/** Moves to another view with the page's own navigation. */
export async function goTo(page: Page, view: 'terminal' | 'traces' | 'monitor' | 'telemetry'): Promise<void> {
  await page.getByTestId(`nav-${view}`).click()
}
