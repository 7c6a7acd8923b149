/** A page built with Vite as an application would be, served with a strict policy by a server that collects its telemetry. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'

import { type InlineConfig, type PluginOption, build, createServer as createVite } from 'vite'

import { type DecodedLog, type DecodedPoint, type DecodedSpan, decodeLogs, decodeMetrics, decodeSpans } from '../../../pkg/test/support/otlp'

const ROOT = resolve(import.meta.dirname, '../../..')
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

export interface Seen {
  path: string
  headers: IncomingMessage['headers']
  /** When it was there, in milliseconds of this process. */
  at: number
}

export interface CollectingServer {
  origin: string
  /** Requests that are not telemetry. */
  seen: Seen[]
  /** Requests that are. */
  exports: Seen[]
  logs: DecodedLog[]
  spans: DecodedSpan[]
  points: DecodedPoint[]
  /** Exports are answered when this is settled; by default at once. */
  pause?: Promise<unknown> | undefined
  /** While it is there, spans are refused in this way, and not taken; seconds. */
  refusal?: { status: number; retryAfter: number } | undefined
  /** Requests that were. */
  refused: Seen[]
  close(): Promise<void>
}

function writePage(name: string, files: Record<string, string>, plugins: PluginOption[]): InlineConfig & { root: string } {
  const root = resolve(ROOT, 'artifacts', name)
  rmSync(root, { recursive: true, force: true })
  mkdirSync(root, { recursive: true })
  for (const [file, content] of Object.entries(files)) writeFileSync(resolve(root, file), content)
  return { root, configFile: false, logLevel: 'error', plugins }
}

/** Builds `files`, of which `main.ts` is the entry, and returns the folder to be served. */
export async function buildPage(name: string, files: Record<string, string>, plugins: PluginOption[] = []): Promise<string> {
  const config = writePage(name, files, plugins)
  await build({ ...config, build: { target: 'es2022', modulePreload: { polyfill: false } } })
  return resolve(config.root, 'dist')
}

/** Serves `files` with Vite as while developing; what is not the page's goes to `backend`. */
export async function developPage(name: string, files: Record<string, string>, plugins: PluginOption[], backend: CollectingServer): Promise<Pick<CollectingServer, 'origin' | 'close'>> {
  const proxy = { '/v1': backend.origin, '/api': backend.origin }
  const vite = await createVite({ ...writePage(name, files, plugins), server: { host: '127.0.0.1', port: 0, proxy, hmr: false, ws: false } })
  await vite.listen()
  return { origin: `http://127.0.0.1:${(vite.httpServer!.address() as AddressInfo).port}`, close: () => vite.close() }
}

/** Serves `folder` (or nothing but answers to everybody, without one) on a free port. */
export async function startCollecting(folder?: string, policy = ''): Promise<CollectingServer> {
  const result: Omit<CollectingServer, 'origin' | 'close'> = { seen: [], exports: [], refused: [], logs: [], spans: [], points: [] }
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://any')
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = { path: pathname, headers: request.headers, at: performance.now() }
      const { refusal } = result
      if (refusal && pathname.endsWith('/traces')) {
        result.refused.push(one)
        response.writeHead(refusal.status, { 'retry-after': `${refusal.retryAfter}` }).end()
        return
      }
      if (pathname.startsWith('/v1/')) {
        const raw = Buffer.concat(chunks)
        const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
        result.exports.push(one)
        if (pathname.endsWith('/logs')) result.logs.push(...decodeLogs(body))
        if (pathname.endsWith('/traces')) result.spans.push(...decodeSpans(body))
        if (pathname.endsWith('/metrics')) result.points.push(...decodeMetrics(body))
        void Promise.resolve(result.pause).finally(() => response.writeHead(200).end())
        return
      }
      result.seen.push(one)
      const headers = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' }
      try {
        if (!folder || pathname.startsWith('/api/')) throw new Error('no file')
        const file = resolve(folder, pathname === '/' ? 'index.html' : pathname.slice(1))
        const content = readFileSync(file)
        const html = file.endsWith('.html')
        response
          .writeHead(200, { ...headers, 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', ...(html && policy && { 'content-security-policy': policy }) })
          .end(content)
      } catch {
        response.writeHead(pathname.startsWith('/api/missing') ? 404 : 200, headers).end('pong')
      }
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return Object.assign(result, {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  })
}
