import { expect, it } from 'vitest'
import { changesOf } from './changes'
import { configurationOf } from './fixtures'

const before = configurationOf()

it('says what somebody else changed, and only of what is asked about', () => {
  const after = configurationOf({
    destinations: [{ ...before.destinations[0], endpoint: 'https://new.example', timeout_ms: 5000, retry: undefined }, { name: 'second', endpoint: 'x' }],
  })
  expect(changesOf(before, after, { destination: 'archive' })).toEqual([
    'Destination “archive”: endpoint went from https://otlp.example.org to https://new.example.',
    'Destination “archive”: retry was taken away ({"give_up_after_ms":3600000}).',
    'Destination “archive”: timeout_ms was set to 5000.',
  ])
  expect(changesOf(before, after, 'routes')).toEqual([])
  expect(changesOf(before, after, 'all')).toContain('Destination “second” was added.')
})
it('sees rules that moved, came and went', () => {
  const [health, rest] = before.routes
  expect(changesOf(before, configurationOf({ routes: [rest, health] }), 'routes')).toEqual(['The order of the rules was changed.'])
  expect(changesOf(before, configurationOf({ routes: [{ ...rest, to: ['embedded'] }, { name: 'new', drop: true }] }), 'routes')).toEqual([
    'Rule “no health checks” was removed.',
    'Rule “the rest”: to went from ["archive"] to ["embedded"].',
    'Rule “new” was added.',
  ])
})
it('does not take another order of keys for a change', () => {
  const turned = Object.fromEntries(Object.entries(before.destinations[0]!).reverse())
  expect(changesOf(before, configurationOf({ destinations: [turned] }), 'all')).toEqual([])
})
