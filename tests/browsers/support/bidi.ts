/** Chromium and Firefox, each headless, through Puppeteer: Firefox by WebDriver BiDi, without a driver between. */
import puppeteer, { type BrowserContext, type Page } from 'puppeteer-core'

import type { Named } from './installed'
import type { Browser, InPage, Tab } from './tab'

const CHROMIUM = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

export async function launch({ name, program }: Named): Promise<Browser> {
  const browser = await puppeteer.launch({
    browser: name === 'firefox' ? 'firefox' : 'chrome',
    executablePath: program,
    headless: true,
    args: name === 'firefox' ? [] : CHROMIUM,
    defaultViewport: { width: 1280, height: 800 },
  })
  let context: BrowserContext | undefined
  return {
    version: await browser.version(),
    async fresh() {
      await context?.close()
      context = await browser.createBrowserContext()
      return tabOf(await context.newPage())
    },
    close: () => browser.close(),
  }
}

const tabOf = (page: Page): Tab => ({
  async goto(url) {
    await page.goto(url)
  },
  back: () => page.evaluate(() => history.back()),
  evaluate: <T, A>(act: InPage<A, T>, argument?: A) => page.evaluate(act as InPage<unknown, T>, argument) as Promise<T>,
  async click(selector) {
    await page.locator(selector).click()
  },
  type: (text) => page.keyboard.type(text),
  enter: () => page.keyboard.press('Enter'),
  another: async () => tabOf(await page.browserContext().newPage()),
  // As its cross does: the page hears of it.
  close: () => page.close({ runBeforeUnload: true }),
})
