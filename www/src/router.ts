import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { useConnection } from './shared/connection'

/** Remembers for which view a reload was tried, so that it is tried once. */
const RELOADED = 'aetherterm.reloaded'

export const routes: RouteRecordRaw[] = [
  { path: '/', name: 'terminal', component: () => import('./terminal/TerminalView.vue'), meta: { title: 'Terminal' } },
  { path: '/traces', name: 'traces', component: () => import('./traces/TracesView.vue'), meta: { title: 'Traces' } },
  { path: '/traces/:id', name: 'trace', component: () => import('./traces/TraceView.vue'), props: true, meta: { title: 'Trace' } },
  { path: '/monitor', name: 'monitor', component: () => import('./monitor/MonitorView.vue'), meta: { title: 'Socket monitor' } },
  {
    path: '/telemetry',
    component: () => import('./operate/TelemetryView.vue'),
    meta: { title: 'Telemetry' },
    // `tab` is the one that is marked.
    children: [
      { path: '', name: 'telemetry', component: () => import('./operate/destinations/DestinationsTab.vue'), meta: { tab: 'destinations' } },
      { path: 'destinations', redirect: '/telemetry' },
      { path: 'add', name: 'destination-new', component: () => import('./operate/destinations/DestinationEditor.vue'), meta: { tab: 'destinations', title: 'New destination' } },
      { path: 'destinations/:name', name: 'destination', component: () => import('./operate/destinations/DestinationEditor.vue'), props: true, meta: { tab: 'destinations', title: 'Destination' } },
      { path: 'routes', name: 'routes', component: () => import('./operate/routes/RoutesTab.vue'), meta: { tab: 'routes', title: 'Routes' } },
      { path: 'dead-letters', name: 'dead-letters', component: () => import('./operate/letters/DeadLettersTab.vue'), meta: { tab: 'dead-letters', title: 'Dead letters' } },
      { path: 'configuration', name: 'configuration', component: () => import('./operate/configuration/ConfigurationTab.vue'), meta: { tab: 'configuration', title: 'Configuration' } },
      { path: 'health', name: 'health', component: () => import('./operate/health/HealthTab.vue'), meta: { tab: 'health', title: 'Health of telemetry' } },
    ],
  },
  { path: '/:rest(.*)*', name: 'lost', component: () => import('./shared/NotFoundView.vue'), meta: { title: 'Not found' } },
]

export const router = createRouter({ history: createWebHistory(), routes })

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
