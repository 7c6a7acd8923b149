// Socket.IO's own server with the event that every contestant answers: `echo`, acknowledged with
// its argument. `--traced` starts OpenTelemetry first, as its documentation says, with the
// Socket.IO instrumentation alone; OTEL_* variables say where spans go.
//
// Prints `listening {port}` and ends when its standard input does.

import { createServer } from 'node:http'
import { createRequire } from 'node:module'

// The instrumentation hooks `require`, so Socket.IO must be loaded by it.
const load = createRequire(import.meta.url)

if (process.argv.includes('--traced')) {
  const { NodeSDK } = load('@opentelemetry/sdk-node')
  const { SocketIoInstrumentation } = load('@opentelemetry/instrumentation-socket.io')
  new NodeSDK({ instrumentations: [new SocketIoInstrumentation()] }).start()
}

const { Server } = load('socket.io')
const http = createServer()
const io = new Server(http)
io.on('connection', (socket) => {
  socket.on('echo', (message, acknowledge) => acknowledge(message))
})

http.listen(0, '127.0.0.1', () => console.log(`listening ${http.address().port}`))
process.stdin.resume().on('end', () => process.exit(0))
