/** Destinations and rules, changed in the page while the server runs. */
import { openTelemetry, putDestination } from '../support/operate'
import { shot } from '../support/page'
import { type Receiver, startReceiver } from '../support/receiver'
import { sendSpan } from '../support/spans'
import { expect, test } from '../support/test'

const SECRET = 'Bearer e2e-not-to-be-seen'

let receiver: Receiver

test.beforeEach(async () => {
  receiver = await startReceiver()
})

test.afterEach(() => receiver.close())

test('a destination that is added on the page gets telemetry at once, and its secret is seen by nobody', async ({ server, page }) => {
  const bodies: Promise<string>[] = []
  page.on('response', (response) => bodies.push(response.text().catch(() => '')))
  await openTelemetry(page, server)
  await expect(page.getByTestId('no-destinations')).toBeVisible()
  await shot(page, 'telemetry-empty')
  await page.getByTestId('add-destination').click()

  // What the server thinks of it stands at the field, before anything is applied.
  await page.getByTestId('field-name').fill('shop')
  await page.getByTestId('field-endpoint').fill('http://localhost:14268/api/traces')
  await page.getByTestId('field-endpoint').blur()
  const field = page.locator('.form-field', { has: page.getByTestId('field-endpoint') })
  await expect(field.getByTestId('field-error')).toContainText('Thrift')
  await shot(page, 'telemetry-invalid')
  await page.getByTestId('apply').click()
  await expect(page.getByTestId('refused')).toContainText('nothing was changed')
  await expect(field.getByTestId('field-error')).toContainText('Thrift')

  await page.getByTestId('field-endpoint').fill(receiver.url)
  await page.getByTestId('add-header').click()
  await page.getByTestId('header-row').getByPlaceholder('header').fill('authorization')
  await page.getByTestId('header-value').fill(SECRET)
  await page.getByTestId('test-draft').click()
  await expect(page.getByTestId('check')).toContainText('All 3 test items were accepted')
  await page.getByTestId('apply').click()

  await expect(page.getByTestId('destination')).toHaveAttribute('data-name', 'shop')
  await sendSpan(server, 'bought')
  await expect.poll(() => receiver.spans).toContain('bought')
  expect(receiver.accepted.at(-1)?.authorization).toBe(SECRET)
  await expect(page.getByTestId('destination-state')).toHaveText('working')

  await page.getByTestId('edit').click()
  await expect(page.getByTestId('header-row')).toContainText('stored, not shown')
  await page.getByTestId('tab-configuration').click()
  await expect(page.getByTestId('file-text')).toHaveValue(/authorization = "\*\*\*\*"/)
  expect(await page.content()).not.toContain(SECRET)
  expect((await Promise.all(bodies)).filter((body) => body.includes(SECRET))).toEqual([])
  const file = await server.api('/api/telemetry/config', { headers: { accept: 'application/toml' } })
  expect(await file.text()).not.toContain(SECRET)
})

test('what comes while a destination is paused waits, and is sent when it is resumed', async ({ server, page }) => {
  await putDestination(server, 'shop', receiver.url)
  await openTelemetry(page, server)
  await page.getByTestId('pause').click()
  await expect(page.getByTestId('destination-state')).toHaveText('paused')
  await sendSpan(server, 'waited')
  await expect(page.getByTestId('queued')).not.toHaveText('0')
  await shot(page, 'telemetry-paused')
  expect(receiver.spans).not.toContain('waited')
  await page.getByTestId('resume').click()
  await expect.poll(() => receiver.spans).toContain('waited')
  await expect(page.getByTestId('queued')).toHaveText('0')
})

test('a drained destination gets what waits for it, and is gone', async ({ server, page }) => {
  await putDestination(server, 'shop', receiver.url)
  await openTelemetry(page, server)
  await page.getByTestId('pause').click()
  await expect(page.getByTestId('destination-state')).toHaveText('paused')
  await sendSpan(server, 'the last one')
  await expect(page.getByTestId('queued')).not.toHaveText('0')
  await page.getByTestId('drain').click()
  await expect(page.getByTestId('question')).toContainText('sends what waits')
  await page.getByTestId('confirm').click()
  await expect(page.getByTestId('no-destinations')).toBeVisible()
  expect(receiver.spans).toContain('the last one')
  const file = await server.api('/api/telemetry/config', { headers: { accept: 'application/toml' } })
  expect(await file.text()).not.toContain('shop')
})

test('a destination that is down says so in words, and its queue grows', async ({ server, page }) => {
  receiver.status = 503
  await putDestination(server, 'shop', receiver.url)
  await openTelemetry(page, server)
  await sendSpan(server, 'kept')
  await expect(page.getByTestId('destination-state')).toHaveText('failing')
  await expect(page.getByTestId('destination-said')).toContainText('503')
  await expect(page.getByTestId('destination-said')).toContainText('unknown project')
  await page.setViewportSize({ width: 400, height: 800 })
  await shot(page, 'telemetry-down-narrow')
  receiver.status = 200
  await expect.poll(() => receiver.spans).toContain('kept')
  await expect(page.getByTestId('destination-state')).toHaveText('working')
})

test('a dry run shows where samples would go; rules hold once they are applied; an earlier version can be restored', async ({ server, page }) => {
  await putDestination(server, 'shop', receiver.url)
  await sendSpan(server, 'GET /healthz')
  await expect.poll(() => receiver.spans).toContain('GET /healthz')
  await openTelemetry(page, server, '/telemetry/routes')
  await page.getByTestId('own-samples').check()
  await page.getByTestId('example').click()
  await expect(page.getByTestId('way').first()).toContainText('shop')

  await page.getByTestId('add-rule').click()
  await page.getByTestId('rule-name').fill('no checkouts')
  await page.getByTestId('add-condition').click()
  const condition = page.getByTestId('condition')
  await condition.getByLabel('What is asked about').selectOption('Name')
  await condition.getByLabel('How it is compared').selectOption('matches regex')
  await condition.getByLabel('With what it is compared').fill('POST [')
  await page.getByTestId('action-drop').check()
  await expect(page.getByTestId('rule')).toContainText('regex')
  await expect(page.getByTestId('dry-run-problem')).toBeVisible()
  await condition.getByLabel('With what it is compared').fill('^POST ')
  await expect(page.getByTestId('hits')).toHaveText('1 of 2')
  await expect(page.getByTestId('way').filter({ hasText: 'POST /checkout' })).toContainText('dropped by no checkouts')
  await shot(page, 'telemetry-routes')
  await page.getByTestId('apply').click()
  await expect(page.getByTestId('routes-tab')).toContainText('the rules hold from now on')

  await sendSpan(server, 'POST /checkout')
  await sendSpan(server, 'after it')
  await expect.poll(() => receiver.spans).toContain('after it')
  expect(receiver.spans).not.toContain('POST /checkout')

  await page.getByTestId('tab-configuration').click()
  await page.getByTestId('restore').first().click()
  await shot(page, 'telemetry-configuration')
  await page.getByTestId('confirm-restore').click()
  await expect(page.getByTestId('versions')).toContainText('Rule “no checkouts” was removed.')
  await sendSpan(server, 'POST /checkout')
  await expect.poll(() => receiver.spans).toContain('POST /checkout')
})

test('two pages that change the same are told of each other', async ({ server, page }) => {
  await putDestination(server, 'shop', receiver.url)
  await openTelemetry(page, server, '/telemetry/destinations/shop')
  await page.getByText('Pace and queue').click()
  await page.getByTestId('option-timeout_ms').fill('4000')
  await putDestination(server, 'shop', receiver.url, { timeout_ms: 9000 })
  await expect(page.getByTestId('conflict')).toContainText('timeout_ms was set to 9000')
  await expect(page.getByTestId('option-timeout_ms')).toHaveValue('4000')
  await page.getByRole('button', { name: 'Keep my changes' }).click()
  await page.getByTestId('apply').click()
  await expect(page.getByTestId('destination')).toBeVisible()
  const config = (await (await server.api('/api/telemetry/config')).json()) as { destinations: { timeout_ms: number }[] }
  expect(config.destinations[0].timeout_ms).toBe(4000)
})
