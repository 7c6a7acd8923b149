/** One shared clock for everything that shows an age. */
import { onScopeDispose, ref, type Ref } from 'vue'

/** The current time in epoch milliseconds, renewed every `everyMs` while the component lives. */
export function useNow(everyMs = 1000): Ref<number> {
  const now = ref(Date.now())
  const timer = setInterval(() => (now.value = Date.now()), everyMs)
  onScopeDispose(() => clearInterval(timer))
  return now
}
