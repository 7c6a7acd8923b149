/** WebKitGTK's MiniBrowser on a display of its own, through its WebDriver. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { Builder, By, Capabilities, Key, type WebDriver, until } from 'selenium-webdriver'

import type { Named } from './installed'
import type { Browser, InPage, Tab } from './tab'

const START_MS = 10_000
/** A browser that has not come up by then does not come up any more, which is rare and not what is tested. */
const SESSION_MS = 20_000
const TRIES = 2

export async function launch(named: Named): Promise<Browser> {
  const screen = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const display = await firstLine(screen)
  let driver = await drive(named, display)
  let unused: WebDriver | undefined = await open(named, driver.server)
  let session: WebDriver | undefined
  const version = `WebKitGTK ${(await unused.getCapabilities()).getBrowserVersion()}`
  return {
    version,
    async fresh() {
      for (let left = TRIES; ; ) {
        try {
          await session?.quit()
          // A session is a browser of its own, with nothing stored.
          session = unused ?? (await open(named, driver.server))
          unused = undefined
          return tabOf(session, await session.getWindowHandle())
        } catch (error) {
          if (!--left) throw error
          console.log(`webkit: ${error}; starting it again`)
          session = unused = undefined
          await ended(driver.process, 'group')
          driver = await drive(named, display)
        }
      }
    },
    async close() {
      await (session ?? unused)?.quit().catch(() => {})
      await ended(driver.process, 'group')
      await ended(screen)
    },
  }
}

async function drive({ driver }: Named, display: string): Promise<{ process: ChildProcess; server: string }> {
  const port = await freePort()
  const driving = spawn(driver, [`--port=${port}`, '--host=127.0.0.1'], {
    // Without a session bus there is nobody to be told what the window shows.
    env: { ...process.env, DISPLAY: `:${display}`, NO_AT_BRIDGE: '1', GTK_A11Y: 'none', DBUS_SESSION_BUS_ADDRESS: 'disabled:' },
    stdio: 'ignore',
    // A group of its own: a browser that hangs ends with what drives it.
    detached: true,
  })
  const server = `http://127.0.0.1:${port}`
  await listening(`${server}/status`)
  return { process: driving, server }
}

async function open({ program }: Named, server: string): Promise<WebDriver> {
  const capabilities = new Capabilities({ browserName: 'MiniBrowser', 'webkitgtk:browserOptions': { binary: program, args: ['--automation'] } })
  const started = async () => {
    const session = await new Builder().usingServer(server).withCapabilities(capabilities).build()
    await session.manage().setTimeouts({ script: 30_000 })
    await session.manage().window().setRect({ width: 1280, height: 860 })
    return session
  }
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`no window within ${SESSION_MS} ms`)), SESSION_MS)
  })
  return Promise.race([started(), late]).finally(() => clearTimeout(timer))
}

/** Everything asked of a tab first makes it the one in front. */
function tabOf(session: WebDriver, handle: string): Tab {
  const front = async () => {
    await session.switchTo().window(handle)
    return session
  }
  return {
    goto: async (url) => (await front()).get(url),
    back: async () => (await front()).navigate().back(),
    async evaluate<T, A>(act: InPage<A, T>, argument?: A) {
      const { value, error } = await (await front()).executeAsyncScript<{ value: T; error?: string }>(
        `const done = arguments[1]; (async () => (${act})(arguments[0]))().then((value) => done({ value }), (error) => done({ error: String(error) }))`,
        argument ?? null,
      )
      if (error) throw new Error(error)
      return value
    },
    async click(selector) {
      await front()
      const element = await session.wait(until.elementLocated(By.css(selector)), START_MS)
      await element.click()
    },
    type: async (text) => (await front()).actions().sendKeys(text).perform(),
    enter: async () => (await front()).actions().sendKeys(Key.ENTER).perform(),
    async another() {
      await front()
      await session.switchTo().newWindow('window')
      return tabOf(session, await session.getWindowHandle())
    },
    close: async () => (await front()).close(),
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [chunk] = (await Promise.race([
    once(child.stdout!, 'data'),
    once(child, 'error').then(([error]) => Promise.reject(new Error(`Xvfb: ${error}`))),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`Xvfb ended with ${code}`))),
  ])) as [Buffer]
  return chunk.toString().trim()
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Resolves once something answers there. */
async function listening(url: string): Promise<void> {
  for (const end = Date.now() + START_MS; ; ) {
    try {
      await fetch(url)
      return
    } catch (error) {
      if (Date.now() > end) throw new Error(`WebKitWebDriver does not answer at ${url}`, { cause: error })
      await new Promise((soon) => setTimeout(soon, 20))
    }
  }
}

async function ended(child: ChildProcess, how?: 'group'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  process.kill(how ? -child.pid! : child.pid!, 'SIGTERM')
  await exit
}
