/** States of a server for tests. */
import { readConfiguration, type Configuration } from './config'
import { readStatus, type Destination, type ServerStatus } from './status'

/** The body of `GET status` with one destination, changed by `more`. */
export function statusBody(more: object = {}, destination: object = {}): object {
  return {
    enabled: true,
    service_name: 'aetherterm-backend',
    destinations: [
      {
        name: 'archive',
        signals: ['traces'],
        state: 'active',
        circuit: { state: 'closed', since_ms: 0, until_ms: null },
        queue: { requests: 1, items: 9, bytes: 10, max_bytes: 20, oldest_ms: 1500, durable: true },
        rates: { in: 2, out: 1.5, dropped: 0, retries: 0.5 },
        latency: { p50_ms: 12, p95_ms: 31, requests: 4 },
        failures: 0,
        last_error: null,
        last_success_ms: 5,
        ...destination,
      },
    ],
    counts: [],
    ...more,
  }
}

export const statusOf = (more: object = {}, destination: object = {}): ServerStatus => readStatus(statusBody(more, destination))
export const destinationOf = (more: object = {}): Destination => statusOf({}, more).destinations[0]!

/** The body of `GET config`, changed by `more`. */
export function configurationBody(more: object = {}, etag = '"1"'): object {
  return {
    file: { path: '/srv/telemetry.toml', etag, saved: true, changed_by_hand: false, problem: null },
    destinations: [
      { name: 'archive', endpoint: 'https://otlp.example.org', signals: ['traces', 'logs'], headers: { authorization: '****', 'x-team': { env: 'TEAM' } }, retry: { give_up_after_ms: 3_600_000 } },
    ],
    routes: [
      { name: 'no health checks', when: { name: { glob: 'GET /health*' } }, drop: true },
      { name: 'the rest', to: ['archive'] },
    ],
    names: ['archive', 'embedded'],
    elsewhere: [{ name: 'localhost:4318', endpoint: 'http://localhost:4318/v1/traces', signals: ['traces'] }],
    rules_of_program: [],
    paused: [],
    draining: [],
    warnings: [],
    restart: [],
    ...more,
  }
}

export const configurationOf = (more: object = {}, etag?: string): Configuration => readConfiguration(configurationBody(more, etag))
