import { describe, expect, it } from 'vitest'
import { fetchOperations, searchPath, searchTraces } from './api'
import { colourIndex } from './colours'
import { span } from './fixtures'
import { ticks } from './ruler'
import { compare, matches, parseDuration, spanMatches, summarise } from './summary'
import { rowWindow, scrollToRow } from './virtual'

const summary = summarise({
  traceId: 'abcd', broken: 0,
  spans: [span('child', 'root', 150, 400, { service: 'server', error: true, name: 'process x' }), span('root', null, 100, 300, { name: 'send x' })],
})

describe('summaries', () => {
  it('take the root, the extent and the counts', () => {
    expect(summary).toMatchObject({
      rootName: 'send x', rootService: 'web', startUs: 100, durationUs: 300, spanCount: 2, errorCount: 1, rootMissing: false,
      services: [{ name: 'web', spans: 1 }, { name: 'server', spans: 1 }],
    })
  })
  it('say when the root has not arrived', () => {
    expect(summarise({ traceId: 'x', broken: 0, spans: [span('a', 'gone', 0, 1)] }).rootMissing).toBe(true)
  })
  it('are found by words, errors and duration', () => {
    const all = { text: '', errorsOnly: false, minDurationUs: 0 }
    expect(matches(summary, { ...all, text: 'SERVER process' })).toBe(true)
    expect(matches(summary, { ...all, text: 'abcd' })).toBe(true)
    expect(matches(summary, { ...all, text: 'server nothing' })).toBe(false)
    expect(matches(summary, { ...all, minDurationUs: 301 })).toBe(false)
    expect(matches({ ...summary, errorCount: 0 }, { ...all, errorsOnly: true })).toBe(false)
  })
  it('sort', () => {
    const other = { ...summary, startUs: 500, durationUs: 10, spanCount: 9, errorCount: 0 }
    expect([summary, other].sort(compare('recent'))[0]).toBe(other)
    expect([other, summary].sort(compare('longest'))[0]).toBe(summary)
    expect([summary, other].sort(compare('spans'))[0]).toBe(other)
    expect([other, summary].sort(compare('errors'))[0]).toBe(summary)
  })
})

it('reads durations as people write them', () => {
  expect(['5', '5ms', '1.5 s', '250us', '2m', ' 7 µs '].map(parseDuration)).toEqual([5000, 5000, 1_500_000, 250, 120_000_000, 7])
  expect(['', 'fast', '5 parsecs', '-3ms'].map(parseDuration)).toEqual([null, null, null, null])
})

it('finds a span by its attributes', () => {
  const one = span('a', null, 0, 1, { attributes: [{ key: 'http.route', value: '/api/health' }] })
  expect([spanMatches(one, 'HEALTH'), spanMatches(one, 'route'), spanMatches(one, 'nope'), spanMatches(one, ' ')]).toEqual([true, true, false, false])
})

describe('searching', () => {
  const query = { service: '', operation: 'send x', lookback: '1h', limit: 20, minDurationUs: 1500 }
  it('asks each service and joins traces found twice', async () => {
    const asked: string[] = []
    const fetch: typeof globalThis.fetch = async (input) => {
      asked.push(String(input))
      return Response.json({ data: [{ traceID: 't', spans: [{ spanID: 'a', startTime: 1, duration: 2 }], processes: {} }] })
    }
    expect(await searchTraces(query, ['a', 'b'], { fetch })).toHaveLength(1)
    expect(asked).toEqual([
      '/jaeger/api/traces?service=a&limit=20&lookback=1h&operation=send+x&minDuration=1500us',
      '/jaeger/api/traces?service=b&limit=20&lookback=1h&operation=send+x&minDuration=1500us',
    ])
  })
  it('leaves out what is not asked for', () => {
    expect(searchPath({ ...query, operation: '', minDurationUs: 0 }, 'a')).toBe('/jaeger/api/traces?service=a&limit=20&lookback=1h')
  })
  it('joins the operations of several services', async () => {
    const fetch: typeof globalThis.fetch = async (input) => Response.json({ data: String(input).includes('/a%2Fb/') ? ['x', 'y'] : ['y', 'a'] })
    expect(await fetchOperations(['a/b', 'c'], { fetch })).toEqual(['a', 'x', 'y'])
  })
})

it('puts round times on the ruler', () => {
  expect(ticks(1000, 5).map((tick) => tick.atUs)).toEqual([0, 200, 400, 600, 800, 1000])
  expect(ticks(7300, 4).map((tick) => tick.atUs)).toEqual([0, 2000, 4000, 6000])
  expect(ticks(0, 4)).toEqual([{ atUs: 0, share: 0 }])
})

it('makes only the rows in view', () => {
  expect(rowWindow(0, 300, 30, 2000, 2)).toEqual({ first: 0, end: 12 })
  expect(rowWindow(30_000, 300, 30, 2000, 2)).toEqual({ first: 998, end: 1012 })
  expect(rowWindow(90_000, 300, 30, 5, 2)).toEqual({ first: 5, end: 5 })
  expect([scrollToRow(0, 90, 300, 30), scrollToRow(5, 90, 300, 30), scrollToRow(20, 90, 300, 30)]).toEqual([0, 90, 330])
})

it('gives every service its own colour while there are enough', () => {
  const indices = ['aetherterm-backend', 'aetherterm-frontend', 'a', 'b', 'c', 'd', 'e', 'f'].map(colourIndex)
  expect(new Set(indices).size).toBe(8)
  expect(colourIndex('a')).toBe(indices[2])
  expect(colourIndex('one too many')).toBeLessThan(8)
})
