import { init } from '@aetherterm/telemetry'
import { io } from 'socket.io-client'

import './all.js'

const telemetry = init({ serviceName: 'shop-web', scheduledDelayMs: 50 })
const socket = io()
telemetry.instrumentSocket(socket, { context: 'traced' })
Object.assign(globalThis, { telemetry })

document.querySelector('button')!.addEventListener('click', async () => {
  document.querySelector('output')!.textContent = await telemetry.span('checkout', () => socket.emitWithAck('order', 'a book'))
})
