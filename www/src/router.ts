import { createRouter, createWebHistory } from 'vue-router'
import { useConnection } from './shared/connection'

/** Remembers for which view a reload was tried, so that it is tried once. */
const RELOADED = 'aetherterm.reloaded'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'terminal', component: () => import('./terminal/TerminalView.vue'), meta: { title: 'Terminal' } },
    { path: '/traces', name: 'traces', component: () => import('./traces/TracesView.vue'), meta: { title: 'Traces' } },
    { path: '/traces/:id', name: 'trace', component: () => import('./traces/TraceView.vue'), props: true, meta: { title: 'Trace' } },
    { path: '/monitor', name: 'monitor', component: () => import('./monitor/MonitorView.vue'), meta: { title: 'Socket monitor' } },
    { path: '/telemetry', name: 'telemetry', component: () => import('./status/TelemetryView.vue'), meta: { title: 'Telemetry' } },
    { path: '/:rest(.*)*', name: 'lost', component: () => import('./shared/NotFoundView.vue'), meta: { title: 'Not found' } },
  ],
})

// The server was updated while the page was open: its old parts are gone, the new ones come with a reload.
window.addEventListener('vite:preloadError', (event) => {
  // A server that is away has nothing to reload from: what is on the screen would be lost, too.
  const { state } = useConnection()
  if (state === 'lost' || state === 'connecting') return
  if (sessionStorage.getItem(RELOADED) === document.title) return
  event.preventDefault()
  sessionStorage.setItem(RELOADED, document.title)
  location.reload()
})

router.afterEach((to) => {
  document.title = to.name === 'terminal' ? 'AetherTerm' : `${String(to.meta.title)} · AetherTerm`
})
