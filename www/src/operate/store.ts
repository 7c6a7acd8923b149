/**
 * The configuration that the server runs by, and what is being changed in this page.
 *
 * Drafts live here and not in the forms: they outlast a look at another view, and no poll touches them.
 */
import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef, watch } from 'vue'
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

const ask = (event: BeforeUnloadEvent) => event.preventDefault()

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

  /** Answers to changes so far. A state that was asked for before one may be from before the change. */
  let changes = 0

  /** Asks the server. What it says now replaces what it said before, drafts stay. */
  async function load(signal?: AbortSignal): Promise<void> {
    const before = changes
    try {
      const loaded = await getConfiguration({ signal })
      if (before === changes) follow(loaded)
      error.value = null
    } catch (cause) {
      if (signal?.aborted) return
      error.value = asRequestError(cause)
    }
  }

  /** What the server answered to a change. */
  function take(now: Configuration) {
    changes += 1
    follow(now)
  }

  function follow(now: Configuration) {
    // The same state again would only make everything render anew.
    if (!current.value || !same(current.value, now)) current.value = now
    for (const [name, draft] of destinations) rebase(draft, { destination: name }, now)
    if (routes.value) rebase(routes.value, 'routes', now)
  }

  /** What others did elsewhere in the file is no conflict. */
  function rebase(draft: Draft<unknown>, subject: Subject, now: Configuration) {
    if (changesOf(draft.base, now, subject).length === 0) draft.base = now
  }

  /** Drafts outlast everything but the page itself. */
  watch(
    () => changedDestinations.value.length > 0 || routesChanged.value || fileChanged.value,
    (hasDrafts) => (hasDrafts ? window.addEventListener('beforeunload', ask) : window.removeEventListener('beforeunload', ask)),
  )

  return { current, error, destinations, routes, file, changedDestinations, routesChanged, fileChanged, load, take }
})
