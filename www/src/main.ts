import './shared/http' // First: it keeps the `fetch` that nobody has wrapped yet.
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router'
import { useConnection } from './shared/connection'
import { useLastAction } from './shared/lastAction'
import { useMonitor } from './monitor/monitor'
import { createSocket } from './socket'
import './styles/tokens.css'
import './styles/base.css'
import { telemetry } from './telemetry'

const app = createApp(App)
app.use(createPinia())
app.use(router)
app.use(telemetry, { router })

// Listeners before the connection, so that the monitor has seen everything.
telemetry.onSocketActivity(useMonitor().follow)
telemetry.onSocketActivity(useLastAction().follow)

app.mount('#app')
useConnection().use(createSocket())
