/** Destinations and rules as `/api/telemetry/config` has them: the keys are those of the file of settings. */
import { fields, list, number, string } from '../shared/raw'

/** A secret that is never shown (`"****"`), one that stands elsewhere, or `null` to take it away. */
export type HeaderValue = string | { env: string } | { file: string } | null

/** What stands for a secret that is not shown; sent back, it means that the secret stays. */
export const MASKED = '****'

/** A `[[destination]]`. Keys that the page does not know are kept as they are. */
export interface DestinationConfig {
  name: string
  [key: string]: unknown
}

/** A `[[route]]`. */
export interface RouteConfig {
  name?: string
  [key: string]: unknown
}

export interface Configuration {
  file: {
    /** Empty where changes hold only until the process ends. */
    path: string
    etag: string
    saved: boolean
    changedByHand: boolean
    /** Why it cannot be written. */
    problem: string
  }
  destinations: DestinationConfig[]
  routes: RouteConfig[]
  /** What rules may send to. */
  names: string[]
  /** Destinations that do not stand in the file, and are changed where they stand. */
  elsewhere: DestinationConfig[]
  rulesOfProgram: string[]
  paused: string[]
  draining: string[]
  warnings: string[]
  /** What holds from the next start on only, keys of the file and sentences. */
  restart: string[]
}

export function readConfiguration(body: unknown): Configuration {
  const raw = fields(body)
  const file = fields(raw.file)
  return {
    file: {
      path: string(file.path),
      etag: string(file.etag),
      saved: file.saved === true,
      changedByHand: file.changed_by_hand === true,
      problem: string(file.problem),
    },
    destinations: list(raw.destinations).map(destination),
    routes: list(raw.routes).map((route) => ({ ...fields(route) })),
    names: list(raw.names).map(string),
    elsewhere: list(raw.elsewhere).map(destination),
    rulesOfProgram: list(raw.rules_of_program).map(string),
    paused: list(raw.paused).map(string),
    draining: list(raw.draining).map(string),
    warnings: list(raw.warnings).map(string),
    restart: list(raw.restart).map(string),
  }
}

const destination = (value: unknown): DestinationConfig => ({ ...fields(value), name: string(fields(value).name) })

/** An earlier state of the file. */
export interface Version {
  /** 1 is the latest. */
  number: number
  /** When another took its place, epoch milliseconds. */
  replacedMs: number
  bytes: number
  /** Names of what it has. */
  destinations: string[]
  routes: string[]
}

/** What samples would do: one run for each. */
export interface Run {
  signal: string
  items: { name: string; rules: string[]; to: string[]; droppedBy: string }[]
  /** Items that are not listed. */
  omitted: number
  parts: { destination: string; items: number; bytes: number }[]
  /** Items by the rule that drops them. */
  dropped: { reason: string; items: number }[]
}

export function readRuns(body: unknown): Run[] {
  return list(fields(body).runs).map((entry) => {
    const run = fields(entry)
    return {
      signal: string(run.signal),
      items: list(run.items).map((one) => {
        const item = fields(one)
        return { name: string(item.name), rules: list(item.rules).map(string), to: list(item.to).map(string), droppedBy: string(item.dropped_by) }
      }),
      omitted: number(run.omitted),
      parts: list(run.parts).map((one) => {
        const part = fields(one)
        return { destination: string(part.destination), items: number(part.items), bytes: number(part.bytes) }
      }),
      dropped: Object.entries(fields(run.dropped)).map(([reason, items]) => ({ reason, items: number(items) })),
    }
  })
}

export function readVersions(body: unknown): Version[] {
  return list(fields(body).versions).map((entry) => {
    const version = fields(entry)
    return {
      number: number(version.number),
      replacedMs: number(version.replaced_ms),
      bytes: number(version.bytes),
      destinations: list(version.destinations).map(string),
      routes: list(version.routes).map(string),
    }
  })
}

/** A copy of what came as JSON, of reactive objects, too. */
export const copied = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

/** Whether both are the same as JSON; the order of keys does not matter. */
export const same = (one: unknown, other: unknown): boolean => ordered(one) === ordered(other)

function ordered(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  )
}
