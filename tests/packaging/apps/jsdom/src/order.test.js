// What an application's own tests do with the package: components that use it, without a browser.
import { init } from '@aetherterm/telemetry'
import { io } from 'socket.io-client'
import { expect, test } from 'vitest'

import './all.js'

const endpoint = process.env.SHOP

test('an order', async () => {
  const telemetry = init({ serviceName: 'shop-web', endpoint })
  expect(await telemetry.ready).toBe(true)
  const socket = io(endpoint, { transports: ['websocket'] })
  telemetry.instrumentSocket(socket, { context: 'traced' })
  document.body.innerHTML = '<button>Order</button><output></output>'
  const ordered = new Promise((done) => {
    document.querySelector('button').addEventListener('click', async () => {
      document.querySelector('output').textContent = await telemetry.span('checkout', () => socket.emitWithAck('order', 'a book'))
      done()
    })
  })
  document.querySelector('button').click()
  await ordered
  expect(document.querySelector('output').textContent).toBe('thanks')
  await telemetry.flush()
  expect(telemetry.stats()).toMatchObject({ dropped: {}, queued: 0 })
  socket.close()
  await telemetry.shutdown()
})
