import { createTelemetry } from '@aetherterm/telemetry/vue'
import { piniaTelemetry } from '@aetherterm/telemetry/pinia'
import { createPinia } from 'pinia'
import { io } from 'socket.io-client'
import { createApp } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'

import App from './App.vue'
import './all.js'

// Its name is in a variable of the build.
const telemetry = createTelemetry({ scheduledDelayMs: 50 })
const router = createRouter({
  history: createWebHistory(import.meta.env.BASE_URL),
  routes: [{ path: '/:rest(.*)', component: () => import('./Order.vue') }],
})
const pinia = createPinia()
pinia.use(piniaTelemetry(telemetry))
const socket = io()
telemetry.instrumentSocket(socket, { context: 'traced' })
Object.assign(globalThis, { telemetry })

createApp(App).use(pinia).use(router).use(telemetry).provide('socket', socket).mount('#app')
