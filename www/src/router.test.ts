// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import './router'
import { useConnection } from './shared/connection'

const reload = vi.spyOn(window.location, 'reload').mockImplementation(() => undefined)

function failToLoad() {
  window.dispatchEvent(new Event('vite:preloadError', { cancelable: true }))
}

beforeEach(() => {
  setActivePinia(createPinia())
  sessionStorage.clear()
  reload.mockClear()
})

describe('a part of the page that cannot be loaded', () => {
  it('reloads the page once while the server is there', () => {
    useConnection().state = 'connected'
    failToLoad()
    failToLoad()
    expect(reload).toHaveBeenCalledTimes(1)
  })
  it('keeps the page as it is while the server is away', () => {
    useConnection().state = 'lost'
    failToLoad()
    expect(reload).not.toHaveBeenCalled()
  })
})
