// An application in types: what is inferred, and what is refused.
import { init } from '@aetherterm/telemetry'
import { createTelemetry, lazy } from '@aetherterm/telemetry/core'
import { fetchInstrumentation } from '@aetherterm/telemetry/fetch'
import type { Instrumentation } from '@aetherterm/telemetry/instrumentation'
import { socketIo } from '@aetherterm/telemetry/socket'

const telemetry = init({ serviceName: 'shop' })
export const seven: number = telemetry.span('seven', () => 7)
export const later: Promise<string> = telemetry.span('later', async () => 'done')
export const ready: Promise<boolean> = telemetry.ready

export const own: Instrumentation = { name: 'own', enable: (context) => void context.log('info', 'here') }
createTelemetry({
  serviceName: 'shop',
  instrumentations: [own, fetchInstrumentation(), socketIo(), lazy('vitals', async () => (await import('@aetherterm/telemetry/web-vitals')).webVitals())],
})

// @ts-expect-error the name of the service is wanted
init({})
// @ts-expect-error a share is a number
init({ serviceName: 'shop', sampleRatio: 'all' })
