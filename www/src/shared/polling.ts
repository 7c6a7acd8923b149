/**
 * Asking again and again while someone looks: never two requests at once, none while the page is hidden,
 * none after the view is gone.
 */
import { onActivated, onBeforeUnmount, onDeactivated, onMounted, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { RequestError } from './http'

export interface Polling<T> {
  data: ShallowRef<T | null>
  /** Why the last request failed; cleared by the next success. Old data stays beside it. */
  error: ShallowRef<RequestError | null>
  /** True while a request is under way. */
  loading: Ref<boolean>
  /** When `data` arrived, epoch milliseconds; 0 before. */
  updatedAt: Ref<number>
  paused: Ref<boolean>
  /** Asks now, abandoning a request under way. */
  refresh(): Promise<void>
}

export interface PollingOptions<T> {
  load(signal: AbortSignal): Promise<T>
  /** Milliseconds between an answer and the next request. The function is given the last failure; its `null` stops the asking. */
  everyMs: number | ((failed: RequestError | null) => number | null)
}

export function usePolling<T>(options: PollingOptions<T>): Polling<T> {
  const data = shallowRef<T | null>(null)
  const error = shallowRef<RequestError | null>(null)
  const loading = ref(false)
  const updatedAt = ref(0)
  const paused = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let current: AbortController | undefined
  let alive = false

  function schedule() {
    clearTimeout(timer)
    const delay = typeof options.everyMs === 'function' ? options.everyMs(error.value) : options.everyMs
    if (alive && delay !== null) timer = setTimeout(tick, delay)
  }

  function tick() {
    if (paused.value || document.visibilityState === 'hidden') schedule()
    else void refresh()
  }

  async function refresh() {
    clearTimeout(timer)
    current?.abort()
    const mine = new AbortController()
    current = mine
    loading.value = true
    try {
      const loaded = await options.load(mine.signal)
      if (mine.signal.aborted) return
      data.value = loaded
      error.value = null
      updatedAt.value = Date.now()
    } catch (cause) {
      if (mine.signal.aborted) return
      error.value = cause instanceof RequestError ? cause : new RequestError(String(cause), 'Try again.', 0)
    }
    loading.value = false
    schedule()
  }

  function onVisible() {
    if (document.visibilityState === 'visible' && alive && !paused.value && !loading.value) void refresh()
  }

  function start() {
    if (alive) return
    alive = true
    document.addEventListener('visibilitychange', onVisible)
    void refresh()
  }

  function stop() {
    alive = false
    clearTimeout(timer)
    current?.abort()
    document.removeEventListener('visibilitychange', onVisible)
  }

  onMounted(start)
  onActivated(start)
  onDeactivated(stop)
  onBeforeUnmount(stop)
  return { data, error, loading, updatedAt, paused, refresh }
}
