import { createRouter, createWebHistory } from 'vue-router'

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

router.afterEach((to) => {
  document.title = to.name === 'terminal' ? 'AetherTerm' : `${String(to.meta.title)} · AetherTerm`
})
