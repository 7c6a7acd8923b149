/** The terminal as a terminal: a real shell, several tabs, reconnects, exits. */
import { openTerminal, screen, shot, typeLine } from '../support/page'
import { expect, test } from '../support/test'

test('a command typed in the page runs in a real shell', async ({ server, page }) => {
  await openTerminal(page, server)
  await typeLine(page, 'echo $((6*7)) in a $TERM')
  await expect(screen(page)).toContainText('42 in a xterm-256color')
  await shot(page, 'terminal-1280')
})

test('secrets of the server are not in the shell', async ({ server, page }) => {
  await openTerminal(page, server)
  await typeLine(page, 'env | grep -c AETHERTERM_TOKEN; echo done')
  await expect(screen(page)).toContainText(/^0$|0\s*done/m)
})

test('tabs have shells of their own and follow the window’s size', async ({ server, page }) => {
  await openTerminal(page, server)
  await typeLine(page, 'name=first')
  await page.getByTestId('terminal-new').click()
  await expect(page.getByTestId('terminal-tab')).toHaveCount(2)
  await expect(screen(page)).toContainText(/[$#]/)
  await typeLine(page, 'echo "[$name]"')
  await expect(screen(page)).toContainText('[]')

  await typeLine(page, 'stty size')
  await expect(screen(page)).toContainText(/\d+ \d+/)
  const wide = /(\d+) (\d+)/.exec(await screen(page).innerText())
  await page.setViewportSize({ width: 700, height: 800 })
  await expect
    .poll(async () => {
      await typeLine(page, 'clear; stty size')
      return Number(/(\d+) (\d+)/.exec(await screen(page).innerText())?.[2] ?? 0)
    })
    .toBeLessThan(Number(wide?.[2]))
})

test('a lost connection is said, and coming back finds the same shell', async ({ server, page, context }) => {
  await openTerminal(page, server)
  await typeLine(page, 'kept=yes; echo before')
  await expect(screen(page)).toContainText('before')
  await context.setOffline(true)
  await page.evaluate(() => window.dispatchEvent(new Event('offline')))
  await expect(page.getByTestId('connection-state')).not.toContainText(/^connected/i)
  await context.setOffline(false)
  await expect(page.getByTestId('connection-state')).toContainText(/^connected/i, { timeout: 30_000 })
  await typeLine(page, 'echo "kept=$kept"')
  await expect(screen(page)).toContainText('kept=yes')
})

test('a reload comes back to the running shell with what was on the screen', async ({ server, page }) => {
  await openTerminal(page, server)
  await typeLine(page, 'kept=yes; echo before')
  await expect(screen(page)).toContainText('before')
  await page.reload()
  await expect(screen(page)).toContainText('before')
  await typeLine(page, 'echo "kept=$kept"')
  await expect(screen(page)).toContainText('kept=yes')
})

test('a shell that ends says so with its exit code and can be started again', async ({ server, page }) => {
  await openTerminal(page, server)
  await typeLine(page, 'exit 3')
  await expect(page.getByTestId('terminal-exited')).toContainText('3')
  await shot(page, 'terminal-exited')
  await page.getByTestId('terminal-restart').click()
  await expect(screen(page)).toContainText(/[$#]/)
  await typeLine(page, 'echo again')
  await expect(screen(page)).toContainText('again')
})

test.describe('with a shell that does not exist', () => {
  test.use({ serverEnv: { AETHERTERM_SHELL: '/nowhere/shell' } })
  test('the page says what to change', async ({ server, page }) => {
    await page.goto(server.url)
    await expect(page.getByTestId('terminal-view')).toContainText('AETHERTERM_SHELL')
    await shot(page, 'terminal-no-shell')
  })
})

for (const [name, value] of [
  ['OTEL_ENABLED', 'false'],
  ['OTEL_SDK_DISABLED', 'true'],
]) {
  test.describe(`with ${name}=${value}`, () => {
    test.use({ serverEnv: { [name]: value } })
    test('the terminal works without telemetry', async ({ server, page }) => {
      await openTerminal(page, server)
      await typeLine(page, 'echo $((6*7))')
      await expect(screen(page)).toContainText('42')
      const health = await (await server.api('/api/health')).json()
      expect(health.telemetry.enabled).toBe(false)
    })
  })
}
