// The load: sockets of the official client over WebSocket, each with a bounded number of
// unanswered events.
//
//   node load.mjs <url> <options as JSON>
//
// Works in phases that standard input starts, one JSON line each (`{"events": n, "seconds": s}`:
// whichever is reached first ends the phase), and answers each with one JSON line. Ends when
// standard input does, or at an error.

import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { io } from 'socket.io-client'

const [url, json] = process.argv.slice(2)
const { sockets: socketCount, inFlight, carriers } = JSON.parse(json)

/** How long anything may take before the run is given up, in milliseconds. */
const PATIENCE = 20_000

const fail = (reason) => {
  console.error(`load: ${reason}`)
  process.exit(1)
}

const connect = () =>
  new Promise((resolve) => {
    const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, timeout: PATIENCE })
    socket.on('connect', () => resolve(socket))
    socket.on('connect_error', (error) => fail(`cannot connect to ${url}: ${error.message}`))
    socket.on('disconnect', (reason) => fail(`the server left: ${reason}`))
  })

const sockets = await Promise.all(Array.from({ length: socketCount }, connect))

// What a traced page appends: a context of its own for each event. The ids count upwards from a
// random start, because making random ones would be work that only this contestant's load has.
const start = randomBytes(12).toString('hex')
let sequence = 0
const carrier = () => {
  const id = (++sequence).toString(16).padStart(8, '0')
  return { _trace: { b3: `${start}${id}-${start.slice(0, 8)}${id}-1` } }
}

/** Keeps every socket busy until the phase is over; the latencies of all acknowledgements, in milliseconds. */
const phase = ({ events, seconds }) =>
  new Promise((resolve) => {
    const latencies = new Float64Array(events)
    const started = performance.now()
    const deadline = started + seconds * 1000
    let sent = 0
    let answered = 0
    let over = false
    const watchdog = setTimeout(
      () => fail(`${sent - answered} events stayed without acknowledgement`),
      seconds * 1000 + PATIENCE,
    )

    const next = (socket) => {
      const now = performance.now()
      over ||= now >= deadline || sent >= events
      if (over) {
        if (answered === sent) {
          clearTimeout(watchdog)
          resolve({ seconds: (now - started) / 1000, latencies: latencies.subarray(0, answered) })
        }
        return
      }
      const index = sent++
      const message = { id: index, terminal: '0198c5f7-5a3c-7d1e-9b1f-3f1e2d4c5b6a', data: 'ls -la\r' }
      const acknowledged = (echoed) => {
        if (echoed?.id !== index) fail(`event ${index} was acknowledged with ${JSON.stringify(echoed)}`)
        latencies[answered++] = performance.now() - now
        next(socket)
      }
      if (carriers) socket.emit('echo', message, carrier(), acknowledged)
      else socket.emit('echo', message, acknowledged)
    }

    for (const socket of sockets) for (let count = 0; count < inFlight; count++) next(socket)
  })

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]

console.log(JSON.stringify({ connected: sockets.length }))
for await (const line of createInterface({ input: process.stdin })) {
  const { seconds, latencies } = await phase(JSON.parse(line))
  latencies.sort()
  console.log(
    JSON.stringify({
      events: latencies.length,
      seconds,
      p50_ms: quantile(latencies, 0.5),
      p99_ms: quantile(latencies, 0.99),
    }),
  )
}
process.exit(0)
