/** Sending a change made from a draft: what was refused, and what somebody else changed meanwhile. */
import { computed, ref, shallowRef, type Ref } from 'vue'
import { asRequestError, type RequestError } from '../shared/http'
import { changesOf, type Subject } from './changes'
import type { Configuration } from './config'
import { useConfiguration, type Draft } from './store'

/** A state that is no longer the latest. */
const STALE = 412

export function useChange(draft: Ref<Draft<unknown> | null | undefined>, subject: () => Subject) {
  const store = useConfiguration()
  const busy = ref(false)
  const error = shallowRef<RequestError | null>(null)

  /** What somebody else changed of the same things since the draft began. */
  const conflict = computed(() => {
    const [base, now] = [draft.value?.base, store.current]
    return base && now && base.file.etag !== now.file.etag ? changesOf(base, now, subject()) : []
  })

  /** Applies the change. Gives whether it was taken. */
  async function apply(action: (etag: string) => Promise<Configuration>): Promise<boolean> {
    if (busy.value || !draft.value) return false
    busy.value = true
    error.value = null
    try {
      store.take(await attempt(action))
      return true
    } catch (cause) {
      error.value = asRequestError(cause)
      return false
    } finally {
      busy.value = false
    }
  }

  async function attempt(action: (etag: string) => Promise<Configuration>): Promise<Configuration> {
    try {
      return await action(draft.value!.base.file.etag)
    } catch (cause) {
      if (asRequestError(cause).status !== STALE) throw cause
      await store.load()
      // Where others changed other things, the draft has followed and is sent again.
      if (conflict.value.length > 0 || store.error) throw cause
      return action(draft.value!.base.file.etag)
    }
  }

  /** The draft is to replace what somebody else made of it. */
  function keepMine() {
    if (draft.value && store.current) draft.value.base = store.current
    error.value = null
  }

  return { busy, error, conflict, apply, keepMine }
}
