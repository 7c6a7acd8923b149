/** The page's socket, instrumented before it connects so that the handshake is part of the trace. */
import { io, type Socket } from 'socket.io-client'
import { telemetry } from './telemetry'

export function createSocket(): Socket {
  const socket = io({
    autoConnect: false,
    transports: ['websocket', 'polling'],
    // Where a proxy stops WebSockets, go on with polling.
    tryAllTransports: true,
    reconnectionDelay: 500,
    reconnectionDelayMax: 5000,
  })
  telemetry.instrumentSocket(socket, {
    context: 'traced',
    replies: {
      'terminal:create': { reply: 'terminal:created', error: 'terminal:error' },
      'terminal:close': 'terminal:closed',
      // A key may have no visible effect: no answer is not a failure.
      'terminal:input': { reply: 'terminal:output', optional: true },
    },
  })
  return socket
}
