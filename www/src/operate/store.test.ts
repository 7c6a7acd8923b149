// @vitest-environment happy-dom
import { forget, on } from './fakeServer'
import { flushPromises } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { configurationBody, configurationOf } from './fixtures'
import { useConfiguration } from './store'
import { toForm, toConfig } from './destinations/form'

beforeEach(() => {
  forget()
  setActivePinia(createPinia())
})

function draft() {
  const store = useConfiguration()
  const base = configurationOf()
  store.take(base)
  const form = toForm(base.destinations[0]!)
  store.destinations.set('archive', { base, form, original: toConfig(form) })
  return { store, edited: () => store.destinations.get('archive')!.form }
}

it('does not go back to a state from before a change', async () => {
  const store = useConfiguration()
  let answer = (_: object) => {}
  on('GET /config', () => new Promise<object>((resolve) => (answer = resolve)))
  const load = store.load()
  await flushPromises()
  store.take(configurationOf({ routes: [] }, '"2"'))
  answer(configurationBody({}, '"1"'))
  await load
  expect(store.current?.file.etag).toBe('"2"')
})
it('asks before a page with changes is left, and only then', async () => {
  const leaving = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))
  const { edited } = draft()
  await nextTick()
  expect(leaving()).toBe(false)
  edited().compression = 'gzip'
  await nextTick()
  expect(leaving()).toBe(true)
  edited().compression = ''
  await nextTick()
  expect(leaving()).toBe(false)
})
it('lets drafts follow what others change elsewhere, and holds them where it is the same', () => {
  const { store } = draft()
  store.take(configurationOf({ routes: [] }, '"2"'))
  expect(store.destinations.get('archive')!.base.file.etag).toBe('"2"')
  store.take(configurationOf({ destinations: [{ name: 'archive', endpoint: 'https://theirs.example' }] }, '"3"'))
  expect(store.destinations.get('archive')!.base.file.etag).toBe('"2"')
})
