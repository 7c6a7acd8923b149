// @vitest-environment happy-dom
import { asked, forget, on, refuse } from './fakeServer'
import type { TelemetryStats } from '@aetherterm/telemetry'
import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { configurationBody, statusBody } from './fixtures'
import { openAt, type Opened } from './opened'

let stats: TelemetryStats
vi.mock('@aetherterm/telemetry/vue', () => ({ useTelemetry: () => ({ stats: () => stats }) }))

let opened: Opened

async function open(path: string, status: object = {}, destination: object = {}) {
  on('GET /status', () => statusBody(status, destination))
  opened = await openAt(path)
}

beforeEach(() => {
  forget()
  stats = { state: 'ready', queued: 3, queuedBytes: 900, exported: { traces: 40, logs: 1, metrics: 0 }, dropped: {} }
  on('GET /config', () => configurationBody())
  on('GET /history', () => ({ every_ms: 5000, until_ms: 100_000, destinations: { archive: { in: [1, 2], out: [1, 2], queue_bytes: [0, 2048], p50_ms: [null, 12] } }, tail: { bytes: [0, 2048], kept: [0, 10], dropped: [0, 20] } }))
})

afterEach(() => opened.wrapper.unmount())

it('shows how a destination is doing, in words, numbers and lines', async () => {
  await open('/telemetry', { counts: [{ outcome: 'dropped', signal: 'traces', destination: 'archive', reason: 'queue_full', value: 7 }] }, {
    failures: 2, last_error: 'answered 503; look at its log', circuit: { state: 'open', since_ms: 1, until_ms: Date.now() + 9500 },
  })
  const card = opened.get('destination')
  expect(card.text()).toMatch(/failing.*https:\/\/otlp.example.org.*Answered 503; look at its log\. 2 failures in a row\. Next attempt in \d+ s/s)
  expect(card.text()).toMatch(/In2\/s.*Retries30\/min.*Circuitopen.*12 ms p95 31 ms.*on disk.*9 items, 10 B of 20 B \(50 %\).*1.5 s/s)
  expect(card.findAll('figure').map((chart) => chart.get('figcaption').text())).toContainEqual(expect.stringMatching(/Waiting.*2 KiB/s))
  expect(opened.get('destinations-tab').text()).toMatch(/Working0 of 1.*Lost since the start7/s)
})
it('tells what was lost and where in health', async () => {
  stats.dropped = { rate_limited: 12 }
  await open('/telemetry/health', { counts: [{ outcome: 'dropped', signal: 'traces', destination: 'archive', reason: 'queue_full', value: 7 }] })
  expect(opened.get('count-row').text()).toContain('queue_full')
  expect(opened.get('page-telemetry').text()).toMatch(/enabled.*12.*more than 20 traces a second/)
})
it('says when it is switched off, on either side', async () => {
  stats.state = 'disabled'
  on('GET /config', () => refuse(409, 'telemetry does not run'))
  await open('/telemetry/health', { enabled: false, off_because: 'it is switched off (OTEL_SDK_DISABLED=true)', destinations: [] })
  expect(opened.get('telemetry-enabled').text()).toBe('off')
  expect(opened.get('telemetry-off-because').text()).toContain('OTEL_SDK_DISABLED')
  expect(opened.get('page-telemetry').text()).toContain('VITE_TELEMETRY_ENABLED')
})
it('says which settings cannot be used, and which look like a mistake', async () => {
  const problem = { variable: 'OTEL_TRACES_SAMPLER', place: 'telemetry.toml:3: traces.sampler', value: 'often', remedy: 'expected always_on or always_off' }
  await open('/telemetry', { enabled: false, off_because: 'one setting cannot be used', problems: [problem], destinations: [] })
  expect(opened.get('telemetry-off-because').text()).toContain('One setting cannot be used.')
  expect(opened.get('telemetry-problems').text()).toMatch(/telemetry.toml:3: traces.sampler=often.*expected always_on/)
  expect(opened.has('no-destinations')).toBe(false)
  opened.wrapper.unmount()
  await open('/telemetry', { warnings: ['port 4317 is usually gRPC'] })
  expect(opened.get('telemetry-warnings').text()).toContain('4317')
  expect(opened.has('telemetry-problems')).toBe(false)
})
it('says how queues on disk and whole traces are', async () => {
  await open('/telemetry/health', {
    storage: { folder: '/var/lib/aetherterm/telemetry', state: 'full', problem: 'the disk is full', bytes: 2048, recovered: 3, damaged: 1 },
    tail: { traces: 3, spans: 9, bytes: 1024, max_bytes: 2048, kept: 5, dropped: 70, early: 2, late: 1 },
  })
  expect(opened.get('storage').text()).toMatch(/failing.*The disk is full\..*3 requests, queued again.*1 places/)
  expect(opened.get('tail').text()).toMatch(/3 traces, 9 spans.*1 KiB of 2 KiB.*5 traces.*70 traces.*2 for want of memory/)
  expect(opened.get('tail').findAll('figcaption').map((caption) => caption.text())).toEqual([expect.stringMatching(/Held.*2 KiB/), expect.stringMatching(/Decided.*kept.*2\/s.*dropped.*4\/s/s)])
})
it('shows what was refused for good, and sends it again', async () => {
  const letters = ['1', '2'].map((id) => ({ id, destination: 'a:4318', signal: 'traces', items: 7, bytes: 2048, refused_ms: 5, status: 'HTTP 400', message: 'HTTP 400, "not like this"' }))
  on('GET /dead-letters', () => ({ dead_letters: letters }))
  on('GET /dead-letters/2', () => ({ resourceSpans: [{ note: 'what it was' }] }))
  await open('/telemetry/dead-letters', { dead_letters: { letters: 2, bytes: 4096, lost: 4 } })
  const panel = opened.get('dead-letters')
  expect(panel.text()).toMatch(/2 requests.*4 requests made room.*a:4318 refused 7 traces.*HTTP 400, "not like this"/)

  on('POST /dead-letters/1/replay', () => void letters.shift())
  await opened.get('replay').trigger('click')
  await flushPromises()
  expect(panel.findAll('[data-testid="dead-letter"]')).toHaveLength(1)
  expect(panel.text()).toContain('Queued again.')

  await panel.findAll('button').find((button) => button.text() === 'Look')!.trigger('click')
  await flushPromises()
  expect(opened.get('letter-text').text()).toContain('what it was')

  on('POST /dead-letters/replay', () => refuse(503, 'the queue is full; try again later'))
  await opened.get('replay-all').trigger('click')
  await flushPromises()
  expect(panel.get('[role="alert"]').text()).toContain('Try again later.')
})
it('asks the destinations, and shows what each answered', async () => {
  on('POST /check', () => ({
    results: [
      { destination: 'archive', signal: 'traces', accepted: true, duration_ms: 12, answer: 'HTTP 200 OK' },
      { destination: 'archive', signal: 'logs', accepted: false, duration_ms: 3, answer: 'HTTP 401', remedy: 'check the headers' },
    ],
  }))
  await open('/telemetry')
  await opened.get('check-now').trigger('click')
  await flushPromises()
  expect(opened.get('check').text()).toMatch(/1 of 2 test items were accepted.*12 ms.*HTTP 200 OK.*HTTP 401; check the headers/)
})
it('invites to add the first destination', async () => {
  await open('/telemetry', { destinations: [], store: { traces: 3, spans: 9, bytes: 2048, max_bytes: 4096, evicted_traces: 0, evicted_spans: 0 } })
  expect(opened.get('no-destinations').text()).toMatch(/Nothing leaves this server yet.*3 traces, 2 KiB of 4 KiB/)
  await opened.get('add-destination').trigger('click')
  await flushPromises()
  await vi.waitFor(() => expect(opened.has('field-endpoint')).toBe(true))
})
it('pauses and resumes, and asks before anything is lost', async () => {
  await open('/telemetry')
  on('POST /destinations/archive/pause', () => configurationBody({ paused: ['archive'] }, '"2"'))
  on('GET /status', () => statusBody({}, { state: 'paused' }))
  await opened.get('pause').trigger('click')
  await flushPromises()
  expect(opened.get('destination').text()).toMatch(/paused.*Nothing is sent until it is resumed; 9 items wait/)
  expect(opened.has('resume')).toBe(true)

  // A rule sends to it: said before the server has to.
  await opened.get('delete').trigger('click')
  expect(opened.get('question').text()).toContain('Rules send to it: “the rest”')
  on('GET /config', () => configurationBody({ routes: [] }, '"3"'))
  on('POST /destinations/archive/resume', () => configurationBody({ routes: [] }, '"3"'))
  await opened.get('resume').trigger('click')
  await flushPromises()
  await opened.get('delete').trigger('click')
  expect(opened.get('question').text()).toContain('9 items wait for it and are lost')
  on('DELETE /destinations/archive', () => configurationBody({ destinations: [], routes: [] }, '"4"'))
  await opened.get('confirm').trigger('click')
  await flushPromises()
  expect(asked('DELETE /destinations/archive')).toMatchObject([{ path: '/destinations/archive?discard=true', ifMatch: '"3"' }])
})
it('shows the page’s own side even when the server does not answer', async () => {
  on('GET /status', () => refuse(502, 'the server cannot be reached'))
  opened = await openAt('/telemetry/health')
  expect(opened.wrapper.get('[role="alert"]').text()).toContain('cannot be reached')
  expect(opened.get('page-sent-traces').text()).toBe('40')
})
