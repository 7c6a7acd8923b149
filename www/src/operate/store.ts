/**
 * The configuration that the server runs by, and what is being changed in this page.
 *
 * Drafts live here and not in the forms: they outlast a look at another view, and no poll touches them.
 */
import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef } from 'vue'
import { asRequestError, type RequestError } from '../shared/http'
import { getConfiguration } from './api'
import { changesOf, type Subject } from './changes'
import { same, type Configuration } from './config'
import { toConfig, type DestinationForm } from './destinations/form'
import { toRoute, type RuleForm } from './routes/rules'

export interface Draft<T> {
  /** The state of the file that it began from. */
  base: Configuration
  form: T
  /** What the form came to at the beginning. */
  original: unknown
}

export const useConfiguration = defineStore('configuration', () => {
  const current = shallowRef<Configuration | null>(null)
  const error = shallowRef<RequestError | null>(null)

  /** By name; `''` is a new one. */
  const destinations = reactive(new Map<string, Draft<DestinationForm>>())
  const routes = ref<Draft<RuleForm[]> | null>(null)
  const file = ref<Draft<string> | null>(null)
  /** Names of destinations with changes that are not applied. */
  const changedDestinations = computed(() => [...destinations].filter(([, draft]) => !same(toConfig(draft.form), draft.original)).map(([name]) => name))
  const routesChanged = computed(() => routes.value !== null && !same(routes.value.form.map(toRoute), routes.value.original))
  const fileChanged = computed(() => file.value !== null && file.value.form !== file.value.original)

  /** Asks the server. What it says now replaces what it said before, drafts stay. */
  async function load(signal?: AbortSignal): Promise<void> {
    try {
      take(await getConfiguration({ signal }))
      error.value = null
    } catch (cause) {
      if (signal?.aborted) return
      error.value = asRequestError(cause)
    }
  }

  function take(now: Configuration) {
    // The same state again would only make everything render anew.
    if (!current.value || !same(current.value, now)) current.value = now
    for (const [name, draft] of destinations) follow(draft, { destination: name }, now)
    if (routes.value) follow(routes.value, 'routes', now)
  }

  /** What others did elsewhere in the file is no conflict. */
  function follow(draft: Draft<unknown>, subject: Subject, now: Configuration) {
    if (changesOf(draft.base, now, subject).length === 0) draft.base = now
  }

  return { current, error, destinations, routes, file, changedDestinations, routesChanged, fileChanged, load, take }
})
