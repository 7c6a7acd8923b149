/** Vite's plugin: an application's spans have the right parents behind `await`, and contexts their values, built and while developing. */
import vue from '@vitejs/plugin-vue'
import { expect, test } from '@playwright/test'

import { telemetry } from '@aetherterm/telemetry/vite'

import { type CollectingServer, buildPage, developPage, startCollecting } from '../support/collecting'

const FILES = {
  'index.html': '<!doctype html><div id="app"></div><script type="module" src="/main.ts"></script>',
  'main.ts': `
    import { createApp } from 'vue'
    import App from './App.vue'
    import { telemetry } from './telemetry'
    import { load } from './load'
    // Two tasks, which wait in turns.
    await Promise.all([load('first', 20), load('second', 15)])
    telemetry.span('after all', () => {})
    createApp(App).use(telemetry).mount('#app')
  `,
  'telemetry.ts': `
    import { createTelemetry } from '@aetherterm/telemetry/vue'
    import { registerOpenTelemetryApi } from '@aetherterm/telemetry/otel-api'
    export const telemetry = createTelemetry({ serviceName: 'await', scheduledDelayMs: 100 })
    registerOpenTelemetryApi(telemetry)
  `,
  'load.ts': `
    import { context, createContextKey, propagation } from '@opentelemetry/api'
    import { telemetry } from './telemetry'
    const WHO = createContextKey('who')
    const as = (who: string) => propagation.setBaggage(context.active().setValue(WHO, who), propagation.createBaggage({ who: { value: who } }))
    /** What a context of OpenTelemetry's API holds besides a span. */
    const held = () => ({ value: context.active().getValue(WHO), baggage: propagation.getBaggage(context.active())?.getEntry('who')?.value })
    const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
    async function* parts(name: string) {
      for (const part of [1, 2]) {
        await pause(3)
        yield \`\${name} part \${part}\`
      }
    }
    export const load = (name: string, ms: number): Promise<void> => context.with(as(name), task, undefined, name, ms)
    const task = async (name: string, ms: number): Promise<void> => {
      await pause(1)
      telemetry.startSpan(name + ' without a span', { attributes: held() }).end()
      await telemetry.span(name, async () => {
        await fetch('/api/' + name)
        await pause(ms)
        telemetry.startSpan(name + ' behind two', { attributes: held() }).end()
        for await (const part of parts(name)) telemetry.startSpan(part).end()
        try {
          await Promise.reject(new TypeError(name satisfies string))
        } catch {
          telemetry.span(name + ' caught', async () => { await pause(1); telemetry.startSpan(name + ' inner').end() })
        }
      })
    }
  `,
  'App.vue': `
    <script setup lang="ts">
    import { useTelemetry } from '@aetherterm/telemetry/vue'
    const telemetry = useTelemetry()
    async function order(): Promise<void> {
      await telemetry.span('order', async () => {
        const answer = await fetch('/api/order')
        await answer.text()
        telemetry.startSpan('ordered').end()
      })
    }
    </script>
    <template><button @click="order">Order</button></template>
  `,
}
const plugins = () => [vue(), telemetry()]

/** Servers that are open, to be closed in reverse. */
const open: { close(): Promise<void> }[] = []
test.afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

const kinds: Record<string, () => Promise<[CollectingServer, origin: string]>> = {
  built: async () => {
    const server = await startCollecting(await buildPage('await-page', FILES, plugins()), "script-src 'self' 'wasm-unsafe-eval'")
    open.push(server)
    return [server, server.origin]
  },
  'while developing': async () => {
    const server = await startCollecting()
    open.push(server)
    const vite = await developPage('await-page-dev', FILES, plugins(), server)
    open.push(vite)
    return [server, vite.origin]
  },
}

for (const [kind, start] of Object.entries(kinds)) {
  test(`spans behind await are children of who waited: ${kind}`, async ({ page }) => {
    const [server, origin] = await start()
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(origin)
    await page.getByRole('button', { name: 'Order' }).click()
    const find = (name: string) => server.spans.find((span) => span.name === name)
    await expect.poll(() => find('ordered') && find('second inner') && find('first inner')).toBeTruthy()
    for (const name of ['first', 'second']) {
      const parent = find(name)!
      for (const child of [' behind two', ' part 1', ' part 2', ' caught']) {
        expect(find(name + child), name + child).toMatchObject({ traceId: parent.traceId, parentSpanId: parent.spanId })
      }
      for (const span of [' without a span', ' behind two']) expect(find(name + span)!.attributes, name + span).toMatchObject({ value: name, baggage: name })
      expect(find(`${name} without a span`)!.parentSpanId).toBe('')
      expect(find(`${name} inner`)!.parentSpanId).toBe(find(`${name} caught`)!.spanId)
    }
    expect(find('after all')!.parentSpanId).toBe('')
    expect(find('ordered')).toMatchObject({ parentSpanId: find('order')!.spanId })
    expect(problems).toEqual([])
  })
}
