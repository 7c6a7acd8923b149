/** A backend that takes OTLP over HTTP: what it was sent, and answers of choice. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

import { decodeSpans } from '../../../pkg/test/support/otlp'

export interface Receiver {
  url: string
  /** Headers of the requests that were answered with 200. */
  accepted: IncomingHttpHeaders[]
  /** Names of the spans in them. */
  spans: string[]
  /** What it answers; 200 takes what is sent. */
  status: number
  close(): void
}

export async function startReceiver(): Promise<Receiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (receiver.status === 200) {
        const raw = Buffer.concat(chunks)
        const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
        receiver.accepted.push(request.headers)
        if (request.url?.endsWith('/v1/traces')) receiver.spans.push(...decodeSpans(body).map(({ name }) => name))
      }
      response.writeHead(receiver.status, { 'content-type': 'text/plain' }).end(receiver.status === 200 ? '' : 'unknown project')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accepted: [],
    spans: [],
    status: 200,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  return receiver
}
