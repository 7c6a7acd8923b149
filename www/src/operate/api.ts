/**
 * Every request that the page makes to `/api/telemetry`, in one place. `api.test.ts` holds it to the server's own description.
 *
 * All of them throw {@link RequestError}. Changes are made from a state of the file of settings, told by its `etag`: where somebody
 * was faster they fail with status 412, and nothing is overwritten.
 */
import { act, getJson, getText, type JsonRequest } from '../shared/http'
import { readConfiguration, readRuns, readVersions, type Configuration, type DestinationConfig, type RouteConfig, type Run, type Version } from './config'
import { readHistory, type History } from './history'
import { readCheck, readLetters, readReplayed, type Checked, type DeadLetter } from './letters/letters'
import { readStatus, type ServerStatus } from './status'

const ROOT = '/api/telemetry'
/** A destination may take its whole timeout, twice. */
const PATIENCE_MS = 60_000

type Ask = Pick<JsonRequest, 'signal' | 'fetch'>

const destinationPath = (name: string) => `${ROOT}/destinations/${encodeURIComponent(name)}`
const letterPath = (id: string) => `${ROOT}/dead-letters/${encodeURIComponent(id)}`

export const getStatus = async (ask: Ask = {}): Promise<ServerStatus> => readStatus(await getJson(`${ROOT}/status`, ask))
export const getHistory = async (ask: Ask = {}): Promise<History> => readHistory(await getJson(`${ROOT}/history`, ask))

/** One item of each signal to every destination. */
export const checkAll = async (ask: Ask = {}): Promise<Checked[]> => readCheck(await act('POST', `${ROOT}/check`, { ...ask, timeoutMs: PATIENCE_MS }))

export const getConfiguration = async (ask: Ask = {}): Promise<Configuration> => readConfiguration(await getJson(`${ROOT}/config`, ask))

/** The file as it stands, secrets masked. */
export const getFile = (ask: Ask = {}): Promise<string> => getText(`${ROOT}/config`, 'application/toml', ask)

/** Replaces the file. */
export const putFile = async (toml: string, etag: string, ask: Ask = {}): Promise<Configuration> =>
  readConfiguration(await act('PUT', `${ROOT}/config`, { ...ask, toml, ifMatch: etag }))

/** Whether the file would be taken; it is not changed. */
export const checkFile = (toml: string, ask: Ask = {}): Promise<unknown> => act('POST', `${ROOT}/config/check`, { ...ask, toml })

/** Whether these would be taken; nothing is changed. What is left out is as it is. */
export const checkConfiguration = (proposed: { destinations?: DestinationConfig[]; routes?: RouteConfig[] }, ask: Ask = {}): Promise<unknown> =>
  act('POST', `${ROOT}/config/check`, { ...ask, body: proposed })

/** Applies the file as it was changed by hand. */
export const reloadFile = async (ask: Ask = {}): Promise<Configuration> => readConfiguration(await act('POST', `${ROOT}/config/reload`, ask))

export const getVersions = async (ask: Ask = {}): Promise<Version[]> => readVersions(await getJson(`${ROOT}/config/versions`, ask))

/** Version 0 is what is in force, for a file that was changed by hand. Refused with 409 while something waits for what would be gone. */
export const restoreVersion = async (number: number, discard: boolean, etag: string, ask: Ask = {}): Promise<Configuration> =>
  readConfiguration(await act('POST', `${ROOT}/config/versions/${number}/restore${discard ? '?discard=true' : ''}`, { ...ask, ifMatch: etag }))

/** Replaces a destination, or adds it behind the others. */
export const putDestination = async (destination: DestinationConfig, etag: string, ask: Ask = {}): Promise<Configuration> =>
  readConfiguration(await act('PUT', destinationPath(destination.name), { ...ask, body: destination, ifMatch: etag }))

/** Refused with 409 while something waits in its queue, unless that is to be discarded. */
export const deleteDestination = async (name: string, discard: boolean, etag: string, ask: Ask = {}): Promise<Configuration> =>
  readConfiguration(await act('DELETE', `${destinationPath(name)}${discard ? '?discard=true' : ''}`, { ...ask, ifMatch: etag }))

export type Order = 'pause' | 'resume' | 'drain'

export const orderDestination = async (name: string, order: Order, ask: Ask = {}): Promise<Configuration> =>
  readConfiguration(await act('POST', `${destinationPath(name)}/${order}`, ask))

/** One item of each signal to a destination as it is, or as it would be. */
export const testDestination = async (name: string, proposed?: DestinationConfig, ask: Ask = {}): Promise<Checked[]> =>
  readCheck(await act('POST', `${destinationPath(name)}/test`, { ...ask, timeoutMs: PATIENCE_MS, ...(proposed && { body: proposed }) }))

export const putRoutes = async (routes: RouteConfig[], etag: string, ask: Ask = {}): Promise<Configuration> =>
  readConfiguration(await act('PUT', `${ROOT}/routes`, { ...ask, body: { routes }, ifMatch: etag }))

/** Where samples would go by these rules. Without samples of its own the server takes what it saw last. */
export const dryRun = async (routes: RouteConfig[], samples: unknown[] | undefined, ask: Ask = {}): Promise<Run[]> =>
  readRuns(await act('POST', `${ROOT}/routes/dry-run`, { ...ask, body: { routes, ...(samples && { samples }) } }))

export const getLetters = async (ask: Ask = {}): Promise<DeadLetter[]> => readLetters(await getJson(`${ROOT}/dead-letters`, ask))

/** The request itself, as OTLP/JSON. */
export const getLetter = (id: string, ask: Ask = {}): Promise<unknown> => getJson(letterPath(id), ask)

export const replayLetter = (id: string, ask: Ask = {}): Promise<unknown> => act('POST', `${letterPath(id)}/replay`, ask)

/** What became of them, in words. */
export const replayLetters = async (destination: string, ask: Ask = {}): Promise<string> =>
  readReplayed(await act('POST', `${ROOT}/dead-letters/replay${destination ? `?destination=${encodeURIComponent(destination)}` : ''}`, ask))

export const discardLetter = (id: string, ask: Ask = {}): Promise<unknown> => act('DELETE', letterPath(id), ask)
