/** A page of the real server, which passes its telemetry on to a backend; one server and one backend for each test. */
import { test } from '@playwright/test'

import { type CollectingServer, buildPage, startCollecting } from './collecting'
import { type Server, startServer } from './server'

const INDEX = '<!doctype html><meta charset="utf-8"><title>page</title><script type="module" src="./main.ts"></script>'

export interface Relayed {
  /** Of the page as it was built. */
  folder: string
  backend: CollectingServer
  server: Server
}

/** Sees to all of it around the tests of a file; what it returns is filled in before each of them. */
export function relayed(name: string, main: string): Relayed {
  const all = {} as Relayed
  test.beforeAll(async () => {
    all.folder = await buildPage(name, { 'index.html': INDEX, 'main.ts': main })
  })
  test.beforeEach(async () => {
    all.backend = await startCollecting()
    all.server = await startServer({ AETHERTERM_WEB_DIR: all.folder, OTEL_EXPORTER_OTLP_ENDPOINT: all.backend.origin })
  })
  test.afterEach(async () => {
    await all.server.stop()
    await all.backend.close()
  })
  return all
}
