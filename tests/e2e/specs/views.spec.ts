/** Every view at both widths: pictures to look at, no sideways scrolling, no errors in the console. */
import { goTo, openTerminal, screen, shot, typeLine } from '../support/page'
import { expect, test } from '../support/test'

const WIDTHS = [1280, 400]
/** What each view of telemetry shows, by its tab. */
const TABS = { routes: 'routes-tab', 'dead-letters': 'no-letters', configuration: 'configuration-tab', health: 'health-tab', add: 'destination-editor' }

test('each view fits and logs no error', async ({ server, page }) => {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 })
    await openTerminal(page, server)
    await typeLine(page, 'ls /')
    await expect(screen(page)).toContainText('usr')
    await shot(page, `terminal-${width}`)
    for (const view of ['traces', 'monitor', 'telemetry'] as const) {
      await goTo(page, view)
      await expect(page.getByTestId(`${view}-view`)).toBeVisible()
      if (view === 'traces') await expect(page.getByTestId('trace-row').first()).toBeVisible()
      if (view === 'monitor') await expect(page.getByTestId('activity-row').first()).toBeVisible()
      await shot(page, `${view}-${width}`)
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      expect(overflow, `${view} at ${width}`).toBeLessThanOrEqual(0)
    }
    for (const tab of ['routes', 'dead-letters', 'configuration', 'health', 'add'] as const) {
      if (tab === 'add') await page.getByTestId('tab-destinations').click()
      await page.getByTestId(tab === 'add' ? 'add-destination' : `tab-${tab}`).click()
      await expect(page.getByTestId(TABS[tab])).toBeVisible()
      await shot(page, `telemetry-${tab}-${width}`)
      const overflow = await page.getByTestId('telemetry-view').evaluate((view) => view.scrollWidth - view.clientWidth)
      expect(overflow, `telemetry's ${tab} at ${width}`).toBeLessThanOrEqual(0)
    }
  }
  expect(errors).toEqual([])
})

test('the monitor counts what the page sends', async ({ server, page }) => {
  await openTerminal(page, server)
  await typeLine(page, 'echo')
  await goTo(page, 'monitor')
  const row = page.getByTestId('activity-row').filter({ hasText: 'terminal:input' })
  await expect(row).toBeVisible()
  await expect(page.getByTestId('log-row').first()).toBeVisible()
})
