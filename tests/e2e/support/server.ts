/** Starts the real `aetherterm` binary on a free port and stops it again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

const BINARY = process.env.AETHER_SERVER ?? resolve(import.meta.dirname, '../../../target/release/aetherterm')

export interface Server {
  /** The URL that a person opens, token included. */
  url: string
  origin: string
  token: string
  process: ChildProcess
  /** What the server wrote to standard error so far. */
  log(): string
  /** Asks an API with the token. */
  api(path: string, init?: RequestInit): Promise<Response>
  stop(): Promise<void>
}

/** Starts a server; `env` comes on top of an environment without any telemetry settings. */
export async function startServer(env: Record<string, string> = {}): Promise<Server> {
  const dataDir = mkdtempSync(join(tmpdir(), 'aetherterm-e2e-'))
  const child = spawn(BINARY, ['serve'], {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: dataDir,
      LANG: 'C.UTF-8',
      AETHERTERM_LISTEN: '127.0.0.1:0',
      AETHERTERM_SHELL: '/bin/bash',
      AETHERTERM_DATA_DIR: dataDir,
      AETHERTERM_WEB_DIR: resolve(import.meta.dirname, '../../../www/dist'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const url = await new Promise<string>((ready, fail) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const match = /^ready (http:\S+)$/.exec(line)
      if (match) ready(match[1])
      else fail(new Error(`unexpected line on standard output: ${line}`))
    })
    child.once('error', fail)
    child.once('exit', (code) => fail(new Error(`aetherterm ended with ${code} before it was ready:\n${log}`)))
  })
  const { origin, searchParams } = new URL(url)
  const token = searchParams.get('token') ?? ''
  return {
    url,
    origin,
    token,
    process: child,
    log: () => log,
    api: (path, init = {}) =>
      fetch(origin + path, { ...init, headers: { Authorization: `Bearer ${token}`, ...init.headers } }),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        await ended
      }
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
