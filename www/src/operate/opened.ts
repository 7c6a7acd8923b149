/** The views at `/telemetry` for tests, with the application's own addresses. */
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { createMemoryHistory, createRouter, RouterView, type Router } from 'vue-router'
import { routes } from '../router'

// Loaded before the tests begin, and not within the time of the first.
import.meta.glob('./**/*{View,Tab,Editor}.vue', { eager: true })

export interface Opened {
  wrapper: VueWrapper
  router: Router
  /** The element of a `data-testid`. */
  get(id: string): ReturnType<VueWrapper['get']>
  has(id: string): boolean
}

export async function openAt(path: string): Promise<Opened> {
  const router = createRouter({ history: createMemoryHistory(), routes })
  await router.push(path)
  const wrapper = mount(RouterView, { attachTo: document.body, global: { plugins: [createPinia(), router] } })
  await flushPromises()
  return {
    wrapper,
    router,
    get: (id) => wrapper.get(`[data-testid="${id}"]`),
    has: (id) => wrapper.find(`[data-testid="${id}"]`).exists(),
  }
}
