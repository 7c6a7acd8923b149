/** Light or dark: what the system says unless the reader chose otherwise. Colours are in `styles/tokens.css`. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'

export type ThemeChoice = 'system' | 'light' | 'dark'

const KEY = 'aetherterm.theme'

export const useTheme = defineStore('theme', () => {
  const choice = ref<ThemeChoice>(stored())
  const query = window.matchMedia('(prefers-color-scheme: dark)')
  const systemDark = ref(query.matches)
  query.addEventListener('change', (event) => (systemDark.value = event.matches))

  const dark = computed(() => (choice.value === 'system' ? systemDark.value : choice.value === 'dark'))

  watch(
    choice,
    (now) => {
      if (now === 'system') delete document.documentElement.dataset.theme
      else document.documentElement.dataset.theme = now
      store(now)
    },
    { immediate: true, flush: 'sync' },
  )

  /** The other appearance; back to `system` where that is what the system shows anyway. */
  function toggle() {
    const wanted = !dark.value
    choice.value = wanted === systemDark.value ? 'system' : wanted ? 'dark' : 'light'
  }

  return { choice, dark, toggle }
})

function stored(): ThemeChoice {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'light' || value === 'dark' ? value : 'system'
  } catch {
    return 'system' // Storage can be forbidden; the page does without.
  }
}

function store(choice: ThemeChoice) {
  try {
    if (choice === 'system') localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, choice)
  } catch {
    // As above.
  }
}
