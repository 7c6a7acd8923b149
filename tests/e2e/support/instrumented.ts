/** A page with every instrumentation that there is, for whichever browser. */
import { buildPage } from './collecting'

/** The server's span that `page` names as the one which has answered for it. */
export interface Parent {
  traceId: string
  spanId: string
}

const index = (parent: Parent | undefined) => `<!doctype html><meta charset="utf-8"><title>page</title>
${parent ? `<meta name="b3" content="${parent.traceId}-${parent.spanId}-1">` : ''}<link rel="stylesheet" href="/style.css">
<h1>A page with something to paint</h1>
<button data-telemetry="order"><span>Order</span></button><button id="slow">Slow</button><button id="fail">Fail</button>
<script type="module" src="./main.ts"></script>`

const MAIN = `
import { createTelemetry, lazy } from '@aetherterm/telemetry/core'
import { errors } from '@aetherterm/telemetry/errors'
import { fetchInstrumentation } from '@aetherterm/telemetry/fetch'
import { xhr } from '@aetherterm/telemetry/xhr'
import { navigation } from '@aetherterm/telemetry/navigation'
import { documentLoad } from '@aetherterm/telemetry/document-load'
import { interaction } from '@aetherterm/telemetry/interaction'
import { longFrames } from '@aetherterm/telemetry/long-frames'
import { consoleInstrumentation } from '@aetherterm/telemetry/console'
import { csp } from '@aetherterm/telemetry/csp'
import { visibility } from '@aetherterm/telemetry/visibility'
import { websocket } from '@aetherterm/telemetry/websocket'

const other = new URLSearchParams(location.search).get('other')
const telemetry = createTelemetry({
  serviceName: 'page',
  scheduledDelayMs: 50,
  instrumentations: [
    errors(), fetchInstrumentation(), xhr(), documentLoad(), interaction(), longFrames({ thresholdMs: 50 }),
    navigation({ route: (url) => url.pathname.replace(/\\d+/, ':id') }),
    consoleInstrumentation(), csp(), visibility(), websocket(),
    lazy('web-vitals', async () => (await import('@aetherterm/telemetry/web-vitals')).webVitals()),
  ],
})
Object.assign(globalThis, { telemetry })
document.querySelector('[data-telemetry]').addEventListener('click', () => {
  void fetch('/api/order?secret=1')
  const request = new XMLHttpRequest()
  request.open('GET', '/api/missing')
  request.send()
  if (other) void fetch(other + '/api/elsewhere').catch(() => {})
})
document.querySelector('#slow').addEventListener('click', function makeItSlow() {
  const end = performance.now() + 200
  while (performance.now() < end);
})
document.querySelector('#fail').addEventListener('click', () => {
  void Promise.reject(new TypeError('nobody handled me'))
  console.warn('careful', { n: 1 })
  document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:9/x.png?secret=1' }))
  throw new RangeError('nobody caught me')
})
`

/** Builds it and returns its folder. "Order" asks for two things, and for a third at the origin in the query's `other`. */
export const instrumentedPage = (name: string, parent?: Parent): Promise<string> => buildPage(name, { 'index.html': index(parent), 'main.ts': MAIN })
