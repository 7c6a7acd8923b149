/** A connection to a server that can be cut: what a lost network looks like from a browser, the same in all of them. */
import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'

export interface Link {
  /** Where the browser finds the server. */
  origin: string
  /** Breaks what is open and answers nobody until {@link restore}. */
  cut(): void
  restore(): void
  close(): Promise<void>
}

export async function linkTo(origin: string): Promise<Link> {
  const { hostname, port } = new URL(origin)
  const open = new Set<Socket>()
  let broken = false
  const server: Server = createServer((near) => {
    if (broken) {
      near.destroy()
      return
    }
    const far = connect(Number(port), hostname)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const drop = () => {
    for (const socket of open) socket.destroy()
  }
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      broken = true
      drop()
    },
    restore() {
      broken = false
    },
    async close() {
      server.close()
      drop()
      await once(server, 'close')
    },
  }
}
